import DioramaGraph
import DioramaSampling
import DioramaTensor

/// Adds noise to a latent without denoising it.
struct AddNoise: Node {
    static let spec = NodeSpec(
        "AddNoise", category: "model/sampling/noise",
        "Adds as much noise to latents as lies between the first and the last noise level, or as the only level says.",
        isExperimental: true)

    @Input("The model, which decides how noise and picture mix.") var model: Model
    @Input("The noise.") var noise: Noise
    @Input("Noise levels; without any, nothing is added.") var sigmas: Sigmas
    @Input("The latents.") var latentImage: Latent

    @Output("The latents under noise; what is no number becomes 0.") var noisy: Latent

    func run(_ context: RunContext) throws {
        noisy = latentImage
        guard let first = sigmas.levels.first, let last = sigmas.levels.last else { return }
        let samples = latentImage.samples
        if let channels = model.latentFormat.statistics?.count,
            samples.rank < 2 || samples.shape[1] != channels
        {
            throw context.fail(
                $latentImage,
                "has latents of shape \(samples.shape), but the model takes \(channels) channels")
        }
        let level = sigmas.levels.count > 1 ? abs(first - last) : first
        let start = latentImage.isEmpty ? samples : model.latentFormat.toModel(samples)
        let mixed = model.sampling.noised(
            start, with: try noise.drawn(for: latentImage, like: samples), sigma: level)
        noisy.samples = model.latentFormat.toAutoencoder(mixed).mapped { $0.isFinite ? $0 : 0 }
    }
}

extension Noise {
    /// The noise of a latent's items, of the shape and on the device of `start`; zeros where none is added.
    ///
    /// - Throws: `SamplingError` for a place in the noise that cannot be drawn.
    func drawn(for latent: Latent, like start: Tensor) throws -> Tensor {
        guard isAdded else { return .zeros(start.shape, on: start.device) }
        return try NoiseSource.start(
            seed: seed, shape: start.shape, batchIndex: latent.batchIndex, on: start.device)
    }
}
