import DioramaGraph
import DioramaSampling
import DioramaTensor

/// Denoises latents.
struct KSampler: Node {
    static let spec = NodeSpec(
        "KSampler", title: "KSampler", category: "model/sampling",
        "Denoises latents step by step with a model, towards the positive prompt and away from the negative one.",
        searchAliases: ["sampler", "denoise", "generate"])

    @Input("The diffusion model.") var model: Model
    @Input("Where the noise starts; the same seed gives the same picture.", controlAfterGenerate: true)
    var seed: UInt64 = 0
    @Input("Denoising steps; more take longer and give finer pictures.", in: 1...10000) var steps = 20
    @Input(
        "Classifier-free guidance: how strictly to follow the prompt. 1 ignores the negative prompt and is twice as fast.",
        in: 0...100, step: 0.1, round: 0.01)
    var cfg = 8.0
    @Input("How to step from one noise level to the next.", options: Sampler.names) var samplerName = "euler"
    @Input("Which noise levels to visit.", options: Scheduler.names) var scheduler = "simple"
    @Input("What the picture shall show.") var positive: Conditioning
    @Input("What the picture shall not show.") var negative: Conditioning
    @Input("What to denoise: an empty latent for a new picture, an encoded one to change a picture.")
    var latentImage: Latent
    @Input(
        "How much to change: 1 starts from noise alone, smaller values keep more of the latent.", in: 0...1,
        step: 0.01)
    var denoise = 1.0

    @Output("The denoised latent.") var latent: Latent

    func run(_ context: RunContext) async throws {
        let sampler = try Sampler.named(samplerName)
        let sigmas = try Scheduler.named(scheduler).sigmas(
            for: model.sampling, steps: steps, denoise: denoise,
            discardsPenultimate: sampler.discardsPenultimateSigma)
        let start = try startingLatent()
        let guided = GuidedModel(
            model, positive: positive, negative: negative, guidance: Guidance(scale: cfg),
            batch: start.shape[0],
            needsUnconditional: sampler.needsUnconditional
        ) { try context.report($0) }
        for prompt in guided.contexts { try model.network.check(latent: start.shape, context: prompt) }

        context.progress(0, of: max(0, sigmas.count - 1))
        let end = try sampler.sample(
            latent: start,
            noise: NoiseSource.start(
                seed: seed, shape: start.shape, batchIndex: latentImage.batchIndex, on: start.device),
            sigmas: sigmas, model: model.sampling, seed: seed
        ) { x, sigma in
            try context.checkCancellation()
            return try guided(x, sigma: sigma)
        } onStep: { step in
            guard step.x.allFinite else { throw NonFiniteLatent(step: step.index + 1, of: step.count) }
            context.progress(step.index + 1, of: step.count)
        }
        latent = Latent(
            samples: model.latentFormat.toAutoencoder(end), batchIndex: latentImage.batchIndex)
    }

    /// The latent as the model has it; an empty one only says a size and is not scaled, as in ComfyUI.
    private func startingLatent() throws -> Tensor {
        let samples = latentImage.samples
        guard latentImage.isEmpty else { return model.latentFormat.toModel(samples) }
        let shape = samples.shape
        return .zeros([shape[0], model.network.latentChannels, shape[2], shape[3]], on: samples.device)
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
