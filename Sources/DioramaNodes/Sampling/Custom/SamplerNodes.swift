import DioramaGraph
import DioramaSampling

/// Chooses a sampler.
struct KSamplerSelect: Node {
    static let spec = NodeSpec(
        "KSamplerSelect", category: "model/sampling/samplers",
        "Chooses how to step from one noise level to the next.", lane: .io)

    @Input("The sampler's name.", options: Sampler.names) var samplerName = "euler"

    @Output("The sampler.") var sampler: Sampler

    func run(_ context: RunContext) throws { sampler = try Sampler.named(samplerName) }
}

/// Noise of a seed.
struct RandomNoise: Node {
    static let spec = NodeSpec(
        "RandomNoise", category: "model/sampling/noise",
        "Noise to start from; the same seed gives the same picture.",
        lane: .io)

    @Input("Where the noise starts.", controlAfterGenerate: true) var noiseSeed: UInt64 = 0

    @Output("The noise.") var noise: Noise

    func run(_ context: RunContext) { noise = Noise(seed: noiseSeed) }
}

/// No noise.
struct DisableNoise: Node {
    static let spec = NodeSpec(
        "DisableNoise", category: "model/sampling/noise",
        "No noise: the latent is denoised as it is, for the second of two samplers that share a schedule.",
        lane: .io)

    @Output("No noise.") var noise: Noise

    func run(_ context: RunContext) { noise = Noise(seed: 0, isAdded: false) }
}

/// Asks a model with one prompt.
struct BasicGuider: Node {
    static let spec = NodeSpec(
        "BasicGuider", title: "Basic Guider", category: "model/sampling/guiders",
        "Follows one prompt, without guidance: for models that were distilled.", lane: .io)

    @Input("The diffusion model.") var model: Model
    @Input("What the picture shall show.") var conditioning: Conditioning

    @Output("The model with its prompt.") var guider: Guider

    func validate(_ environment: RunEnvironment, in node: SourceNode) -> [InputProblem] {
        PromptFit.problems(
            node, model: $model.name, prompts: [$conditioning.name], environment)
    }

    func run(_ context: RunContext) { guider = Guider(model, positive: conditioning) }
}

/// Asks a model with two prompts.
struct CFGGuider: Node {
    static let spec = NodeSpec(
        "CFGGuider", title: "CFG Guider", category: "model/sampling/guiders",
        "Leads towards the positive prompt and away from the negative one, as KSampler does.", lane: .io)

    @Input("The diffusion model.") var model: Model
    @Input("What the picture shall show.") var positive: Conditioning
    @Input("What the picture shall not show.") var negative: Conditioning
    @Input(
        "How strictly to follow the prompt. 1 ignores the negative prompt and is twice as fast.", in: 0...100,
        step: 0.1, round: 0.01)
    var cfg = 8.0

    @Output("The model with its prompts.") var guider: Guider

    func validate(_ environment: RunEnvironment, in node: SourceNode) -> [InputProblem] {
        PromptFit.problems(
            node, model: $model.name, prompts: [$positive.name, $negative.name], environment)
    }

    func run(_ context: RunContext) {
        guider = Guider(model, positive: positive, negative: negative, scale: cfg)
    }
}
