import DioramaTensor

/// Euler's method: one evaluation a step, order 1 (https://arxiv.org/abs/2206.00364, algorithm 2 without churn).
func euler(_ walk: inout SamplingWalk, _ x: Tensor) throws -> Tensor {
    try walk.run(from: x) { _, step, x, denoised in
        eulerStep(x, denoised.guided, from: step.sigma, to: step.next)
    }
}

/// Euler's method with fresh noise in each step; where that would be all of the next level, the step goes to the
/// prediction.
func eulerAncestral(_ walk: inout SamplingWalk, _ x: Tensor, _ fresh: FreshNoise) throws -> Tensor {
    try walk.run(from: x) { walk, step, x, denoised in
        if step.next == 0 { return denoised.guided }
        let ancestral = AncestralStep(step, of: walk.model, fresh)
        if ancestral.down == 0, !walk.model.isFlow { return denoised.guided }
        let lower = eulerStep(x, denoised.guided, from: step.sigma, to: ancestral.down)
        return ancestral.renoised(lower, with: walk.noise.next(like: x))
    }
}

/// Euler's method that leads away from the prediction without the prompt (CFG++, https://arxiv.org/abs/2406.08070).
func eulerAncestralCFGPP(_ walk: inout SamplingWalk, _ x: Tensor, _ fresh: FreshNoise) throws -> Tensor {
    try walk.run(from: x) { walk, step, x, denoised in
        if step.next == 0 { return denoised.guided }
        let signal = walk.model.signal(at: step.sigma)
        let nextSignal = walk.model.signal(at: step.next)
        let unconditional = try walk.unconditional(denoised)
        let direction = derivative(x, unconditional * Float(signal), step.sigma)
        let (down, up) = ancestralLevels(
            from: Double(step.sigma) / signal, to: Double(step.next) / nextSignal, eta: fresh.eta)
        let lower = Tensor.weighted((nextSignal, denoised.guided), (nextSignal * down, direction))
        return fresh.isAdded ? lower.adding(nextSignal * up * fresh.scale, walk.noise.next(like: x)) : lower
    }
}

/// Moves along the straight line through the noisy latent and the prediction.
func eulerStep(_ x: Tensor, _ denoised: Tensor, from sigma: Float, to next: Float) -> Tensor {
    x + derivative(x, denoised, sigma) * (next - sigma)
}
