public import DioramaTensor

/// A way to walk from noise to a picture: a solver of the model's differential equation.
///
/// Names, formulas and defaults are those of ComfyUI's comfy/k_diffusion/sampling.py, arithmetic is f32, and the noise
/// of ancestral samplers is torch's on the CPU, so a seed gives the same latents.
public struct Sampler: Sendable {
    /// The name that graphs use.
    public let name: String
    /// Whether ComfyUI's KSampler leaves out the last noise level above 0 for it
    /// (see ``Scheduler/sigmas(for:steps:denoise:discardsPenultimate:)``).
    public let discardsPenultimateSigma: Bool
    /// Whether it follows the prediction without the prompt, which must then be made even at guidance scale 1.
    public let needsUnconditional: Bool
    /// Whether all samplers of this name are the same, and its walk over a batch is the walk over each of the latents, so
    /// that several runs may be walked as one: so for those of ``all``, but for `dpm_adaptive`.
    public internal(set) var walksBatchesApart = false
    /// Whether the part of a picture that a mask keeps is hidden under noise of its own rather than the starting noise.
    private let redrawsKeptNoise: Bool
    private let solve: @Sendable (inout SamplingWalk, Tensor) throws -> Tensor

    /// A sampler of one's own: a function that walks over the noise levels of a run.
    ///
    /// - Parameters:
    ///   - name: What messages call it.
    ///   - discardsPenultimateSigma: Whether a scheduler shall leave out the last noise level above 0.
    ///   - needsUnconditional: Whether it uses ``SamplingWalk/unconditional(_:)``, which must then be made even at
    ///     guidance scale 1.
    ///   - redrawsKeptNoise: Whether the part of a picture that a mask keeps is hidden under noise of its own rather
    ///     than the starting noise.
    ///   - solve: Gives the latent at the last noise level from the one at the first; may run on any thread.
    public init(
        _ name: String, discardsPenultimateSigma: Bool = false, needsUnconditional: Bool = false,
        redrawsKeptNoise: Bool = false,
        _ solve: @escaping @Sendable (inout SamplingWalk, Tensor) throws -> Tensor
    ) {
        self.name = name
        self.discardsPenultimateSigma = discardsPenultimateSigma
        self.needsUnconditional = needsUnconditional
        self.redrawsKeptNoise = redrawsKeptNoise
        self.solve = solve
    }

    /// Walks from noise to a picture, starting noise and all: what ComfyUI's KSampler does with a latent.
    ///
    /// - Parameters:
    ///   - latent: `[B, C, ...]`, f32; zeros when there is no picture to start from.
    ///   - noise: Of the same shape, usually ``NoiseSource/start(seed:shape:batchIndex:on:)``.
    ///   - sigmas: From a ``Scheduler``; with fewer than two different levels there is nothing to do.
    ///   - model: How the model measures noise.
    ///   - seed: For the noise that ancestral samplers add.
    ///   - mask: What may change and what is kept; all may change without one.
    ///   - denoise: The model, guidance included.
    ///   - onStep: Called after each step.
    /// - Returns: The latent at the last noise level, freed from what its level means (see
    ///   ``ModelSampling/unnoised(_:sigma:)``).
    /// - Throws: What ``walk(from:sigmas:model:noise:denoise:onStep:)`` throws.
    public func sample(
        latent: Tensor, noise: Tensor, sigmas: [Float], model: ModelSampling, seed: UInt64,
        mask: SamplingMask? = nil,
        denoise: @escaping Denoiser, onStep: @escaping StepObserver = { _ in }
    ) throws -> Tensor {
        try sample(
            latent: latent, noise: noise, sigmas: sigmas, model: model, stepNoise: NoiseSource(seed: seed),
            mask: mask, denoise: denoise, onStep: onStep)
    }

    /// The same with the noise of the steps in place of its seed, which may be that of several runs.
    package func sample(
        latent: Tensor, noise: Tensor, sigmas: [Float], model: ModelSampling, stepNoise: NoiseSource,
        mask: SamplingMask?, denoise: @escaping Denoiser, onStep: @escaping StepObserver
    ) throws -> Tensor {
        guard let first = sigmas.first, let last = sigmas.last, sigmas.contains(where: { $0 != first }) else {
            return latent
        }
        var masked = denoise
        if let mask {
            var source = stepNoise
            let keptNoise = redrawsKeptNoise ? source.next(like: latent) : noise
            masked = keeping(latent, where: mask, noise: keptNoise, model: model, denoise)
        }
        let start = model.noised(latent, with: noise, sigma: first, isMaximum: model.isMaximum(first))
        let end = try walk(
            from: start, sigmas: sigmas, model: model, noise: stepNoise, denoise: masked, onStep: onStep)
        return model.unnoised(end, sigma: last)
    }

    /// Walks from a latent that has its noise already.
    ///
    /// - Parameters:
    ///   - x: The noisy latent of the first level, f32.
    ///   - sigmas: The noise levels. A level that repeats its predecessor is passed over: there is no way to go, and
    ///     formulas that divide by its length would end in NaN.
    ///   - model: How the model measures noise.
    ///   - noise: For ancestral samplers.
    ///   - denoise: The model, guidance included.
    ///   - onStep: Called after each step.
    /// - Returns: The latent at the last noise level.
    /// - Throws: What `denoise` and `onStep` throw; what the sampler throws, a ``SamplingError`` for those of ``all``;
    ///   ``SamplingError/otherLatent(sampler:expected:found:)`` when it makes latents that are not like `x`.
    public func walk(
        from x: Tensor, sigmas: [Float], model: ModelSampling, noise: NoiseSource,
        denoise: @escaping Denoiser,
        onStep: @escaping StepObserver = { _ in }
    ) throws -> Tensor {
        var levels: [Float] = []
        for sigma in sigmas where sigma != levels.last { levels.append(sigma) }
        guard levels.count >= 2 else { return x }
        let check = LatentCheck(sampler: name, latent: x)
        var run = SamplingWalk(
            sampler: name, model: model, sigmas: levels, noise: noise,
            denoise: { try denoise(check($0), $1) },
            onStep: { step in
                _ = try (check(step.x), check(step.denoised))
                try onStep(step)
            })
        return try check(solve(&run, x))
    }

    /// A denoiser that changes only what the mask allows: the rest is shown to the model as the latent under noise of
    /// the present level, and is the latent in the answer.
    private func keeping(
        _ latent: Tensor, where mask: SamplingMask, noise: Tensor, model: ModelSampling,
        _ denoise: @escaping Denoiser
    ) -> Denoiser {
        return { x, sigma in
            let mask = mask(sigma)
            let kept = 1 - mask
            let shown = x * mask + model.noised(latent, with: noise, sigma: sigma) * kept
            var denoised = try denoise(shown, sigma)
            denoised.guided = denoised.guided * mask + latent * kept
            return denoised
        }
    }
}

/// Lets through what is like the latent that a run starts with, so that a wrong formula is a sentence.
private struct LatentCheck {
    let sampler: String
    let latent: Tensor

    func callAsFunction(_ x: Tensor) throws -> Tensor {
        guard x.shape == latent.shape, x.dtype == latent.dtype, x.device == latent.device else {
            throw SamplingError.otherLatent(sampler: sampler, expected: words(latent), found: words(x))
        }
        return x
    }

    private func words(_ x: Tensor) -> String { "\(x.shape) \(x.dtype) on \(x.device)" }
}
