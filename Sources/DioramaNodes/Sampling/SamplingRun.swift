import DioramaGraph
import DioramaSampling
import DioramaTensor

/// One run of a sampler over a latent: what every sampling node does with what it was given.
struct SamplingRun {
    let guider: Guider
    let sampler: Sampler
    let sigmas: [Float]
    let noise: Noise
    let latent: Latent

    /// Denoises.
    ///
    /// - Parameter context: progress and cancellation.
    /// - Returns: the latent at the last noise level, and the picture that the model saw in the last step.
    /// - Throws: `ModelInputError` for prompts or latents that the model cannot take; `NonFiniteLatent`.
    func callAsFunction(_ context: RunContext) throws -> (output: Latent, denoised: Latent) {
        let model = guider.model
        let start = try startingLatent()
        let guided = try GuidedModel(
            guider, latent: start.shape, needsUnconditional: sampler.needsUnconditional
        ) { try context.report($0) }
        for query in guided.queries {
            try model.network.check(latent: query.latent, context: query.context)
        }

        context.progress(0, of: max(0, sigmas.count - 1))
        var seen: Tensor?
        let end = try sampler.sample(
            latent: start, noise: noise.drawn(for: latent, like: start), sigmas: sigmas,
            model: model.sampling,
            seed: noise.seed,
            mask: try mask(for: start, context)
        ) { x, sigma in
            try context.checkCancellation()
            return try guided(x, sigma: sigma)
        } onStep: { step in
            guard step.x.allFinite else { throw NonFiniteLatent(step: step.index + 1, of: step.count) }
            seen = step.denoised
            context.progress(step.index + 1, of: step.count)
        }
        for notice in guided.notices { context.notice(notice) }
        return (finished(end), finished(seen ?? end))
    }

    /// What may change, by noise level; nil where everything may.
    private func mask(for start: Tensor, _ context: RunContext) throws -> SamplingMask? {
        guard let mask = latent.noiseMask else { return nil }
        guard mask.coverage.rank == 3, mask.coverage.count > 0 else {
            throw context.fail(
                "latent_image",
                "has a noise mask of shape \(mask.coverage.shape); masks are [B, H, W] and not empty")
        }
        let coverage = mask.planes(for: start.shape)
        guard let strength = guider.model.differentialStrength else { return SamplingMask(coverage) }
        return .differential(coverage, strength: strength, sigmas: sigmas, model: guider.model.sampling)
    }

    private func finished(_ samples: Tensor) -> Latent {
        var finished = latent
        finished.samples = guider.model.latentFormat.toAutoencoder(samples)
        return finished
    }

    /// The latent as the model has it; an empty one only says a size and is not scaled, as in ComfyUI.
    private func startingLatent() throws -> Tensor {
        let samples = latent.samples
        guard latent.isEmpty else { return guider.model.latentFormat.toModel(samples) }
        let shape = samples.shape
        return .zeros(
            [shape[0], guider.model.network.latentChannels, shape[2], shape[3]], on: samples.device)
    }
}

/// The model gave values that are no numbers.
struct NonFiniteLatent: Error, CustomStringConvertible {
    /// The step after which it was seen, and how many there were to be.
    let step: Int
    let total: Int

    init(step: Int, of total: Int) {
        self.step = step
        self.total = total
    }

    var description: String {
        "the latent has values that are not finite numbers after step \(step) of \(total); the model's weights may be "
            + "damaged (see diorama inspect), or the guidance (cfg) far too large"
    }
}
