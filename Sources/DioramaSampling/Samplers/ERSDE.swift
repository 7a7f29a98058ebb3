import DioramaTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// ER-SDE-Solver-3 (https://arxiv.org/abs/2309.06169): the extended reverse-time stochastic equation, order 3.
///
/// Its time is lambda, the noise over the signal; between two lambdas the noise shrinks by a scale of the paper's fifth
/// form, `lambda · (exp(lambda^0.3) + 10)`.
func erSDE(_ walk: inout SamplingWalk, _ x: Tensor) throws -> Tensor {
    walk.startBelowPureNoise()
    let model = walk.model
    var history: [(lambda: Double, denoised: Tensor)] = []
    var lastSlope: Tensor?
    return try walk.run(from: x) { walk, step, x, denoised in
        if step.next == 0 { return denoised.guided }
        let lambda = exp(-model.halfLogSNR(step.sigma))
        let nextLambda = exp(-model.halfLogSNR(step.next))
        let signal = Double(step.sigma) / lambda
        let nextSignal = Double(step.next) / nextLambda
        let shrink = noiseScale(nextLambda) / noiseScale(lambda)
        history.insert((lambda, denoised.guided), at: 0)

        var next = Tensor.weighted(
            (nextSignal / signal * shrink, x), (nextSignal * (1 - shrink), denoised.guided))
        if history.count >= 2 {
            let integrals = noiseScaleIntegrals(from: lambda, to: nextLambda)
            let length = nextLambda - lambda
            let slope = (denoised.guided - history[1].denoised) / Float(lambda - history[1].lambda)
            next = next.adding(nextSignal * (length + integrals.zeroth * noiseScale(nextLambda)), slope)
            if history.count >= 3, let lastSlope {
                let curvature = (slope - lastSlope) / Float((lambda - history[2].lambda) / 2)
                let weight = length * length / 2 + integrals.first * noiseScale(nextLambda)
                next = next.adding(nextSignal * weight, curvature)
            }
            lastSlope = slope
        }
        if history.count > 2 { history.removeLast() }
        let spread = max(nextLambda * nextLambda - lambda * lambda * shrink * shrink, 0).squareRoot()
        return next.adding(nextSignal * spread, walk.noise.next(like: x))
    }
}

/// The scale by which the noise shrinks.
private func noiseScale(_ lambda: Double) -> Double {
    lambda * (exp(pow(lambda, 0.3)) + 10)
}

/// The integrals of `1 / scale` and `(lambda − start) / scale` from `end` up to `start`, by sums of 200 left values.
private func noiseScaleIntegrals(from start: Double, to end: Double) -> (zeroth: Double, first: Double) {
    let width = (start - end) / 200
    var sums = (zeroth: 0.0, first: 0.0)
    for index in 0..<200 {
        let lambda = end + Double(index) * width
        sums.zeroth += width / noiseScale(lambda)
        sums.first += width * (lambda - start) / noiseScale(lambda)
    }
    return sums
}
