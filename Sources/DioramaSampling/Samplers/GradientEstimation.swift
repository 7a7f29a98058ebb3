import DioramaTensor

/// Euler's method whose direction is pushed on by its last change (https://openreview.net/pdf?id=o2ND9v0CeK), gamma 2.
///
/// With `leadsAway` it leads away from the prediction without the prompt (CFG++).
func gradientEstimation(_ walk: inout SamplingWalk, _ x: Tensor, leadsAway: Bool = false) throws -> Tensor {
    let gamma: Float = 2
    var previous: Tensor?
    return try walk.run(from: x) { walk, step, x, denoised in
        if step.next == 0 { return denoised.guided }
        let followed = leadsAway ? try walk.unconditional(denoised) : denoised.guided
        let length = step.next - step.sigma
        let direction = derivative(x, followed, step.sigma)
        var next = leadsAway ? denoised.guided + direction * step.next : x + direction * length
        if let previous { next = next + (direction - previous) * ((gamma - 1) * length) }
        previous = direction
        return next
    }
}
