import DioramaTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The stochastic equations that the ER-SDE solver follows: by what function of lambda, the noise over the signal, the
/// noise shrinks.
public enum ReverseEquation: Sendable {
    /// The extended reverse-time equation with the paper's fifth scale to the power of eta:
    /// `lambda · (exp(lambda^0.3) + 10)^eta`.
    case extended(eta: Double)
    /// The reverse-time equation, `lambda^(1 + eta)`.
    case reverse(eta: Double)
    /// The equation without noise, `lambda`.
    case deterministic

    /// The function's value.
    func scale(_ lambda: Double) -> Double {
        switch self {
        case .extended(let eta): lambda * pow(exp(pow(lambda, 0.3)) + 10, eta)
        case .reverse(let eta): pow(lambda, eta + 1)
        case .deterministic: lambda
        }
    }

    /// The integrals of `1 / scale` and `(lambda − start) / scale` from `end` up to `start`, by sums of 200 left values.
    func integrals(from start: Double, to end: Double) -> (zeroth: Double, first: Double) {
        let width = (start - end) / 200
        var sums = (zeroth: 0.0, first: 0.0)
        for index in 0..<200 {
            let lambda = end + Double(index) * width
            sums.zeroth += width / scale(lambda)
            sums.first += width * (lambda - start) / scale(lambda)
        }
        return sums
    }
}

/// ER-SDE-Solver (https://arxiv.org/abs/2309.06169) of order 1 to 3, with noise times `noiseScale`.
func erSDE(
    _ walk: inout SamplingWalk, _ x: Tensor, _ equation: ReverseEquation, order: Int, noiseScale: Double
) throws -> Tensor {
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
        let shrink = equation.scale(nextLambda) / equation.scale(lambda)
        history.insert((lambda, denoised.guided), at: 0)

        var next = Tensor.weighted(
            (nextSignal / signal * shrink, x), (nextSignal * (1 - shrink), denoised.guided))
        if order >= 2, history.count >= 2 {
            let integrals = equation.integrals(from: lambda, to: nextLambda)
            let length = nextLambda - lambda
            let slope = (denoised.guided - history[1].denoised) / Float(lambda - history[1].lambda)
            next = next.adding(nextSignal * (length + integrals.zeroth * equation.scale(nextLambda)), slope)
            if order >= 3, history.count >= 3, let lastSlope {
                let curvature = (slope - lastSlope) / Float((lambda - history[2].lambda) / 2)
                let weight = length * length / 2 + integrals.first * equation.scale(nextLambda)
                next = next.adding(nextSignal * weight, curvature)
            }
            lastSlope = slope
        }
        if history.count > 2 { history.removeLast() }
        guard noiseScale > 0 else { return next }
        let spread = max(nextLambda * nextLambda - lambda * lambda * shrink * shrink, 0).squareRoot()
        return next.adding(nextSignal * spread * noiseScale, walk.noise.next(like: x))
    }
}
