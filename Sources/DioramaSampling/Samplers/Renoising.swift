import DioramaTensor

/// Latent consistency: each step goes to the prediction and covers it with fresh noise of the next level.
func lcm(_ walk: inout SamplingWalk, _ x: Tensor) throws -> Tensor {
    try walk.run(from: x) { walk, step, x, denoised in
        if step.next == 0 { return denoised.guided }
        return walk.model.noised(denoised.guided, with: walk.noise.next(like: x), sigma: step.next)
    }
}

/// The reverse process of DDPM (https://arxiv.org/abs/2006.11239): the posterior of the next, less noisy latent.
func ddpm(_ walk: inout SamplingWalk, _ x: Tensor) throws -> Tensor {
    try walk.run(from: x) { walk, step, x, denoised in
        let variance = Double(step.sigma) * Double(step.sigma)
        let nextVariance = Double(step.next) * Double(step.next)
        let total = 1 / (variance + 1)
        let nextTotal = 1 / (nextVariance + 1)
        let kept = total / nextTotal
        // Mean of the posterior for the latent scaled to unit variance.
        let noise = derivative(x, denoised.guided, step.sigma)
        let mean = Tensor.weighted(
            ((total / kept).squareRoot(), x), (-(1 - kept) / ((1 - total) * kept).squareRoot(), noise))
        if step.next == 0 { return mean }
        let spread = ((1 - kept) * (1 - nextTotal) / (1 - total)).squareRoot()
        return Tensor.weighted((1, mean), (spread, walk.noise.next(like: x)))
            * Float((1 + nextVariance).squareRoot())
    }
}
