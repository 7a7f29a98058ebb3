import DioramaTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// DEIS (https://arxiv.org/abs/2204.13902) in its time-based form, tAB3: a multistep method of order 3.
///
/// The directions of the last steps are extrapolated by a polynomial in the time of a variance-preserving process and
/// weighed by how that process changes.
func deis(_ walk: inout SamplingWalk, _ x: Tensor) throws -> Tensor {
    let process = VariancePreservingProcess(sigmaMin: 0.002, sigmaMax: 80)
    let sigmas = walk.sigmas.map(Double.init)
    let times = sigmas.map(process.time)
    return try multistep(&walk, x, order: 3) { index, order in
        if order == 1 { return [sigmas[index + 1] - sigmas[index]] }
        let points = (0..<order).map { times[index - $0] }
        return process.weights(of: points, from: times[index], to: times[index + 1])
    }
}

/// A variance-preserving process with a linear rate, whose noise over signal is sigma.
private struct VariancePreservingProcess {
    /// The rate is `rate + slope · time`.
    let rate, slope: Double

    /// The process whose levels are `sigmaMin` at time 0.001 and `sigmaMax` at 1.
    init(sigmaMin: Double, sigmaMax: Double) {
        let start = 0.001
        let largest = log(sigmaMax * sigmaMax + 1)
        slope = 2 * (log(sigmaMin * sigmaMin + 1) / start - largest) / (start - 1)
        rate = largest - 0.5 * slope
    }

    /// When the level is reached.
    func time(of sigma: Double) -> Double {
        ((rate * rate + 2 * slope * log1p(sigma * sigma)).squareRoot() - rate) / slope
    }

    /// How fast sigma changes, over the signal.
    private func change(at time: Double) -> Double {
        let logVariance = -0.5 * time * time * slope - time * rate
        let speed = time * slope + rate
        return 0.5 * speed / (exp(logVariance) * -expm1(logVariance)).squareRoot()
    }

    /// The integrals of ``change(at:)`` times the polynomials that are 1 at one point and 0 at the others.
    ///
    /// A sum of 10000 values at both ends and between, as in the reference, whose result it thereby shares.
    func weights(of points: [Double], from start: Double, to end: Double) -> [Double] {
        let count = 10_000
        var sums = [Double](repeating: 0, count: points.count)
        for time in linspace(start, end, count) {
            let change = change(at: time)
            for place in points.indices {
                var polynomial = 1.0
                for other in points.indices where other != place {
                    polynomial *= (time - points[other]) / (points[place] - points[other])
                }
                sums[place] += change * polynomial
            }
        }
        return sums.map { $0 * (end - start) / Double(count) }
    }
}
