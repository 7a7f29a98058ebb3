import DioramaTensor

/// Euler's method whose direction is pushed on by its last change (https://openreview.net/pdf?id=o2ND9v0CeK), gamma 2.
func gradientEstimation(_ walk: inout SamplingWalk, _ x: Tensor) throws -> Tensor {
    let gamma: Float = 2
    var previous: Tensor?
    return try walk.run(from: x) { _, step, x, denoised in
        if step.next == 0 { return denoised.guided }
        let direction = derivative(x, denoised.guided, step.sigma)
        var estimate = direction
        if let previous { estimate = estimate + (direction - previous) * (gamma - 1) }
        previous = direction
        return x + estimate * (step.next - step.sigma)
    }
}
