import ArgumentParser
import Diorama
import DioramaFiles
import FoundationEssentials

/// Opens one part of a model in diffusers' layout: a folder with config.json and weights.
private func part(
    _ folder: String, _ options: BenchOptions, on device: Device, in context: CommandContext
) throws -> (Weights, ModelConfig) {
    let url = fileURL(folder, in: context.workingFolder)
    let config = try ModelConfig(contentsOf: url.appending(path: "config.json"))
    let weights = try WeightsFile(url.appending(path: "diffusion_pytorch_model.safetensors")).open()
    return (Weights(weights, on: device, precision: options.precision.precision), config)
}

/// Prints how long operations took.
private func showTimes(_ times: OperationTimes, in context: CommandContext) {
    for (name, seconds) in times.sorted {
        context.errors.line("  \(name): \((seconds * 1e5).rounded() / 100) ms")
    }
}

/// `diorama bench transformer`.
struct BenchTransformerCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "transformer",
        abstract: "Measure one denoising step with guidance of a Stable Diffusion 3 transformer.",
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
        let times = options.ops ? OperationTimes() : nil
        let device = Device.cpu(threads: options.threads, observer: times)
        defer { times.map { showTimes($0, in: context) } }
        let (weights, config) = try part(folder, options, on: device, in: context)
        let model = try SD3Transformer(weights, SD3Config(config))
        let c = model.config
        let latent = benchNoise([2, c.channels, size / 8, size / 8], seed: 1, scale: 1.7, on: device)
        let pooled = benchNoise([2, c.pooledWidth], seed: 3, scale: 1.7, on: device)
        let text = TextContext(
            tokens: benchNoise([2, tokens, c.contextWidth], seed: 2, scale: 1.7, on: device), pooled: pooled)
        let timestep = Tensor.full(500, [2], on: device)
        var result = latent
        try Measurement(
            "one step with guidance, \(size) x \(size), \(tokens) tokens", runs: options.runs, on: device
        ) {
            result = try model(latent, timestep: timestep, context: text)
        }.print(json: options.json, in: context)
        guard let output else { return }
        let bytes = try SafetensorsWriter.encode([
            ("latent", latent), ("tokens", text.tokens), ("pooled", pooled), ("prediction", result),
        ])
        let path = fileURL(output, in: context.workingFolder).path(percentEncoded: false)
        try AtomicFile.write(bytes, to: path, existing: .replace)
    }
}

/// `diorama bench vae`.
struct BenchAutoencoderCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "vae",
        abstract: "Measure an autoencoder's decoder.",
        discussion: "Takes the vae folder of a model in diffusers' layout; the latent is random.")

    @Argument(help: "The folder, with config.json and diffusion_pytorch_model.safetensors.")
    var folder: String

    @Option(help: "Pixels each way.") var size = 512
    @OptionGroup var options: BenchOptions

    var reportsJSON: Bool { options.json }

    func validate() throws {
        guard (8...16384).contains(size) else { throw ValidationError("--size must be 8 to 16384") }
    }

    func run(in context: CommandContext) async throws {
        let times = options.ops ? OperationTimes() : nil
        let device = Device.cpu(threads: options.threads, observer: times)
        defer { times.map { showTimes($0, in: context) } }
        let (weights, config) = try part(folder, options, on: device, in: context)
        let model = try AutoencoderKL(weights, AutoencoderKLConfig(config))
        let latent = benchNoise(
            [1, model.config.latentChannels, size / model.config.factor, size / model.config.factor], seed: 1,
            scale: 1.7, on: device)
        try Measurement("decode to \(size) x \(size)", runs: options.runs, on: device) {
            _ = try model.decode(latent)
        }.print(json: options.json, in: context)
    }
}
