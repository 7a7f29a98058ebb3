import ArgumentParser
import Diorama
import DioramaFiles
import FoundationEssentials

/// `diorama bench transformer`.
struct BenchTransformerCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "transformer",
        abstract:
            "Measure one denoising step of a transformer: Stable Diffusion 3's with guidance, Z-Image's without.",
        discussion:
            "Takes the transformer folder of a model in diffusers' layout; latents and text are random.")

    @Argument(help: "The folder, with config.json and diffusion_pytorch_model.safetensors.")
    var folder: String

    @Option(help: "Pixels each way.") var size = 512
    @Option(help: "Tokens of the text.") var tokens = 333
    @Option(help: "A safetensors file to write the prediction to, with what was given, for comparisons.")
    var output: String?
    @OptionGroup var options: BenchOptions

    var reportsJSON: Bool { options.json }

    func validate() throws {
        guard (8...16384).contains(size), (1...16384).contains(tokens) else {
            throw ValidationError("--size and --tokens must be at most 16384")
        }
    }

    func run(in context: CommandContext) async throws {
        let part = try BenchedPart(folder, options, in: context)
        let step = try BenchedStep(part, size: size, tokens: tokens)
        var result = step.latent
        try Measurement(
            "one step\(step.latent.shape[0] == 2 ? " with guidance" : ""), \(size) x \(size), \(tokens) tokens",
            runs: options.runs, on: part.device
        ) {
            result = try step.model(step.latent, timestep: step.timestep, context: step.text)
        }.print(json: options.json, times: part.times, in: context)
        guard let output else { return }
        var tensors = [("latent", step.latent), ("tokens", step.text.tokens), ("prediction", result)]
        if let pooled = step.text.pooled { tensors.append(("pooled", pooled)) }
        let path = fileURL(output, in: context.workingFolder).path(percentEncoded: false)
        try AtomicFile.write(SafetensorsWriter.encode(tensors), to: path, existing: .replace)
    }
}

/// A transformer with random inputs of one step.
private struct BenchedStep {
    let model: any DiffusionModel
    /// [B, C, H / 8, W / 8]; B is 2 with guidance.
    let latent: Tensor
    /// [B], halfway to noise.
    let timestep: Tensor
    let text: TextContext

    /// Makes the model that config.json names; throws `WeightsError`.
    init(_ part: BenchedPart, size: Int, tokens: Int) throws {
        let name = try part.config.string("_class_name")
        let (batch, contextWidth, pooledWidth): (Int, Int, Int?)
        switch name {
        case "SD3Transformer2DModel":
            let transformer = try SD3Transformer(part.weights(keepsPacked: true), SD3Config(part.config))
            let config = transformer.config
            (model, batch, contextWidth, pooledWidth) = (
                transformer, 2, config.contextWidth, config.pooledWidth
            )
            timestep = .full(500, [batch], on: part.device)
        case "ZImageTransformer2DModel":
            let transformer = try ZImageTransformer(
                part.weights(ZImageTransformer.names(), keepsPacked: true), ZImageConfig(part.config))
            (model, batch, contextWidth, pooledWidth) = (transformer, 1, transformer.config.contextWidth, nil)
            timestep = .full(0.5, [batch], on: part.device)
        default:
            throw part.config.problem(
                "_class_name is \(name); measured here are SD3Transformer2DModel and ZImageTransformer2DModel"
            )
        }
        func noise(_ shape: Shape, seed: UInt32) -> Tensor {
            benchNoise(shape, seed: seed, scale: 1.7, on: part.device)
        }
        latent = noise([batch, model.latentChannels, size / 8, size / 8], seed: 1)
        text = TextContext(
            tokens: noise([batch, tokens, contextWidth], seed: 2),
            pooled: pooledWidth.map { noise([batch, $0], seed: 3) })
    }
}
