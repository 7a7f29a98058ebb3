import DioramaTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// RES: a refined exponential solver with the memory of one step, order 2 (https://arxiv.org/abs/2308.02157).
///
/// `eta` 0 adds no noise; 1 splits each step as ancestral samplers do.
func resMultistep(_ walk: inout SamplingWalk, _ x: Tensor, eta: Double) throws -> Tensor {
    var previous: (denoised: Tensor, sigma: Double, down: Double)?
    return try walk.run(from: x) { walk, step, x, denoised in
        let (down, up) = ancestralLevels(from: Double(step.sigma), to: Double(step.next), eta: eta)
        var next: Tensor
        if let previous, down > 0 {
            let sigma = Double(step.sigma)
            let length = log(sigma / down)
            let (current, past) = exponentialWeights(
                length: length, pastNode: log(previous.down / previous.sigma) / length)
            next = Tensor.weighted(
                (down / sigma, x), (length * current, denoised.guided), (length * past, previous.denoised))
        } else {
            next = eulerStep(x, denoised.guided, from: step.sigma, to: Float(down))
        }
        if eta > 0 && step.next > 0 { next = next.adding(up, walk.noise.next(like: x)) }
        previous = (denoised.guided, Double(step.sigma), down)
        return next
    }
}

/// The weights of the present prediction and of one at `pastNode` steps from it in an exponential step.
private func exponentialWeights(length: Double, pastNode: Double) -> (current: Double, past: Double) {
    let phi1 = expm1(-length) / -length
    let phi2 = (phi1 - 1) / -length
    let past = phi2 / pastNode
    return past.isFinite ? (phi1 - past, past) : (0, 0)
}
