import DioramaGraph
import DioramaSampling

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

    func validate(_ environment: RunEnvironment, in node: SourceNode) -> [InputProblem] {
        PromptFit.problems(
            node, model: $model.name, prompts: [$positive.name, $negative.name], environment)
    }

    func run(_ context: RunContext) async throws {
        let sampler = try Sampler.named(samplerName)
        let sigmas = try Scheduler.named(scheduler).sigmas(
            for: model.sampling, steps: steps, denoise: denoise,
            discardsPenultimate: sampler.discardsPenultimateSigma)
        let run = SamplingRun(
            guider: Guider(model, positive: positive, negative: negative, scale: cfg), sampler: sampler,
            sigmas: sigmas, noise: Noise(seed: seed), latent: latentImage)
        latent = try await run(context).output
    }
}
