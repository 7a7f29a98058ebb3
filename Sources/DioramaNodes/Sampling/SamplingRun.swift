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

    /// Denoises, together with other runs that agree where the application wants that (``JointSampling``).
    ///
    /// - Parameter context: progress and cancellation.
    /// - Returns: the latent at the last noise level, and the picture that the model saw in the last step.
    /// - Throws: `ModelInputError` for prompts or latents that the model cannot take; `NonFiniteLatent`.
    func callAsFunction(_ context: RunContext) async throws -> (output: Latent, denoised: Latent) {
        let start = try startingLatent()
        let job = SamplingJob(
            guider: guider, sampler: sampler, sigmas: sigmas, seed: noise.seed, start: start,
            noise: try noise.drawn(for: latent, like: start), mask: try mask(for: start, context),
            coverage: latent.noiseMask?.planes(for: start.shape), context: context)
        let sampled: SampledLatents
        if let member = context.environment.resources[JointSampling.Member.self] {
            sampled = try await member.sampled(job)
        } else {
            sampled = try job.sampledAlone()
        }
        return (finished(sampled.end), finished(sampled.seen))
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
        let (shape, cell) = (samples.shape, guider.model.network.latentCell)
        func cells(_ count: Int) -> Int { max(count * latent.cell / cell, 1) }
        return .zeros(
            [shape[0], guider.model.network.latentChannels, cells(shape[2]), cells(shape[3])],
            on: samples.device)
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
            + "damaged (diorama inspect --damaged lists them), or the guidance (cfg) far too large"
    }
}
