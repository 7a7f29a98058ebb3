import DioramaGraph
import DioramaSampling

/// Denoises latents with a sampler and noise levels of their own.
struct SamplerCustom: Node {
    static let spec = NodeSpec(
        "SamplerCustom", category: "model/sampling/custom",
        "Denoises latents with any sampler over any noise levels.")

    @Input("The diffusion model.") var model: Model
    @Input("Whether to add noise first; without, the latent is denoised as it is.", advanced: true)
    var addNoise = true
    @Input("Where the noise starts.", controlAfterGenerate: true) var noiseSeed: UInt64 = 0
    @Input(
        "How strictly to follow the prompt. 1 ignores the negative prompt and is twice as fast.", in: 0...100,
        step: 0.1, round: 0.01)
    var cfg = 8.0
    @Input("What the picture shall show.") var positive: Conditioning
    @Input("What the picture shall not show.") var negative: Conditioning
    @Input("How to step from one noise level to the next.") var sampler: Sampler
    @Input("Which noise levels to visit.") var sigmas: Sigmas
    @Input("What to denoise.") var latentImage: Latent

    @Output("The latent at the last noise level.", name: "output") var output: Latent
    @Output("The picture that the model saw in the last step.", name: "denoised_output") var denoised: Latent

    func validate(_ environment: RunEnvironment, in node: SourceNode) -> [InputProblem] {
        PromptFit.problems(
            node, model: $model.name, prompts: [$positive.name, $negative.name], environment)
    }

    func run(_ context: RunContext) async throws {
        let run = SamplingRun(
            guider: Guider(model, positive: positive, negative: negative, scale: cfg), sampler: sampler,
            sigmas: sigmas.levels, noise: Noise(seed: noiseSeed, isAdded: addNoise), latent: latentImage)
        (output, denoised) = try await run(context)
    }
}

/// Denoises latents with parts that are nodes of their own.
struct SamplerCustomAdvanced: Node {
    static let spec = NodeSpec(
        "SamplerCustomAdvanced", category: "model/sampling/custom",
        "Denoises latents: noise, guider, sampler and noise levels are nodes of their own.")

    @Input("The noise to start from.") var noise: Noise
    @Input("The model with its prompts.") var guider: Guider
    @Input("How to step from one noise level to the next.") var sampler: Sampler
    @Input("Which noise levels to visit.") var sigmas: Sigmas
    @Input("What to denoise.") var latentImage: Latent

    @Output("The latent at the last noise level.", name: "output") var output: Latent
    @Output("The picture that the model saw in the last step.", name: "denoised_output") var denoised: Latent

    func run(_ context: RunContext) async throws {
        let run = SamplingRun(
            guider: guider, sampler: sampler, sigmas: sigmas.levels, noise: noise, latent: latentImage)
        (output, denoised) = try await run(context)
    }
}

/// Denoises latents over a part of a schedule.
struct KSamplerAdvanced: Node {
    static let spec = NodeSpec(
        "KSamplerAdvanced", title: "KSampler (Advanced)", category: "model/sampling",
        "Denoises latents over some of a schedule's steps, so that several samplers can share it.")

    @Input("The diffusion model.") var model: Model
    @Input(
        "Whether to add noise first; a sampler that goes on where another ended does not.",
        options: ["enable", "disable"], advanced: true)
    var addNoise = "enable"
    @Input("Where the noise starts.", controlAfterGenerate: true) var noiseSeed: UInt64 = 0
    @Input("Steps of the whole schedule.", in: 1...10000) var steps = 20
    @Input(
        "How strictly to follow the prompt. 1 ignores the negative prompt and is twice as fast.", in: 0...100,
        step: 0.1, round: 0.01)
    var cfg = 8.0
    @Input("How to step from one noise level to the next.", options: Sampler.names) var samplerName = "euler"
    @Input("Which noise levels to visit.", options: Scheduler.names) var scheduler = "simple"
    @Input("What the picture shall show.") var positive: Conditioning
    @Input("What the picture shall not show.") var negative: Conditioning
    @Input("What to denoise.") var latentImage: Latent
    @Input("The first step to make, from 0.", in: 0...10000, advanced: true) var startAtStep = 0
    @Input("The step before which to stop.", in: 0...10000, advanced: true) var endAtStep = 10000
    @Input(
        "Whether to keep the noise that is left at the end, for another sampler; else the last step removes it.",
        options: ["disable", "enable"], advanced: true)
    var returnWithLeftoverNoise = "disable"

    @Output("The denoised latent.") var latent: Latent

    func validate(_ environment: RunEnvironment, in node: SourceNode) -> [InputProblem] {
        PromptFit.problems(
            node, model: $model.name, prompts: [$positive.name, $negative.name], environment)
    }

    func run(_ context: RunContext) async throws {
        let sampler = try Sampler.named(samplerName)
        var sigmas = try Scheduler.named(scheduler).sigmas(
            for: model.sampling, steps: steps, discardsPenultimate: sampler.discardsPenultimateSigma)
        if endAtStep < sigmas.count - 1 {
            sigmas = Array(sigmas.prefix(endAtStep + 1))
            if returnWithLeftoverNoise == "disable" { sigmas[endAtStep] = 0 }
        }
        sigmas = startAtStep < sigmas.count - 1 ? Array(sigmas.dropFirst(startAtStep)) : []
        let run = SamplingRun(
            guider: Guider(model, positive: positive, negative: negative, scale: cfg), sampler: sampler,
            sigmas: sigmas, noise: Noise(seed: noiseSeed, isAdded: addNoise == "enable"), latent: latentImage)
        latent = try await run(context).output
    }
}
