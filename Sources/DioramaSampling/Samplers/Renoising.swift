import DioramaTensor

/// Latent consistency: each step goes to the prediction and covers it with fresh noise of the next level.
func lcm(_ walk: inout SamplingWalk, _ x: Tensor) throws -> Tensor {
    try walk.run(from: x) { walk, step, x, denoised in
        if step.next == 0 { return denoised.guided }
        return walk.model.noised(denoised.guided, with: walk.noise.next(like: x), sigma: step.next)
    }
}

/// The reverse process of DDPM (https://arxiv.org/abs/2006.11239), whose noise counts as variance-exploding.
///
/// Written for latents of unit variance there; in the units of sigma its posterior is an ancestral step of Euler's
/// method, which is free of the cancellation at small levels.
func ddpm(_ walk: inout SamplingWalk, _ x: Tensor) throws -> Tensor {
    try walk.run(from: x) { walk, step, x, denoised in
        if step.next == 0 { return denoised.guided }
        let (down, up) = ancestralLevels(from: Double(step.sigma), to: Double(step.next), eta: 1)
        let lower = eulerStep(x, denoised.guided, from: step.sigma, to: Float(down))
        return lower.adding(up, walk.noise.next(like: x))
    }
}
