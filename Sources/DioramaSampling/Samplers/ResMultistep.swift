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
/// `eta` 0 adds no noise; 1 splits each step as ancestral samplers do. With `leadsAway` it leads away from the
/// prediction without the prompt (CFG++).
func resMultistep(
    _ walk: inout SamplingWalk, _ x: Tensor, eta: Double, leadsAway: Bool = false
) throws -> Tensor {
    var previous: (denoised: Tensor, sigma: Double, down: Double)?
    return try walk.run(from: x) { walk, step, x, denoised in
        let followed = leadsAway ? try walk.unconditional(denoised) : denoised.guided
        let away = denoised.guided - followed
        let sigma = Double(step.sigma)
        let (down, up) = ancestralLevels(from: sigma, to: Double(step.next), eta: eta)
        var next: Tensor
        if let previous, down > 0 {
            let length = log(sigma / down)
            let (current, past) = exponentialWeights(
                length: length, pastNode: log(previous.down / previous.sigma) / length)
            next = Tensor.weighted(
                (down / sigma, leadsAway ? x + away : x), (length * current, followed),
                (length * past, previous.denoised))
        } else {
            next = eulerStep(x, followed, from: step.sigma, to: Float(down))
            if leadsAway { next = next + away }
        }
        if eta > 0 && step.next > 0 { next = next.adding(up, walk.noise.next(like: x)) }
        previous = (followed, sigma, down)
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
