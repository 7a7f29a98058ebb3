import ArgumentParser
import Diorama
import FoundationEssentials

/// One part of a model in diffusers' layout, opened for a measurement: a folder with config.json and weights.
struct BenchedPart {
    /// What config.json says.
    let config: ModelConfig
    /// Where the part runs.
    let device: Device
    /// How long operations took; nil where nobody asked.
    let times: OperationTimes?
    private let source: any TensorSource
    private let precision: Precision?

    /// Opens the file called `weights` in `folder`; throws `WeightsError`.
    init(
        _ folder: String, weights: String = "diffusion_pytorch_model.safetensors", _ options: BenchOptions,
        in context: CommandContext
    ) throws {
        let url = fileURL(folder, in: context.workingFolder)
        config = try ModelConfig(contentsOf: url.appending(path: "config.json"))
        source = try WeightsFile(url.appending(path: weights)).open()
        precision = options.precision.precision
        times = options.ops ? OperationTimes() : nil
        device = Device.cpu(threads: options.threads.count, observer: times)
    }

    /// Its weights, under `names`; `keepsPacked` for a denoiser, as nodes load it.
    func weights(_ names: TensorNames = .own, keepsPacked: Bool = false) -> Weights {
        Weights(source, on: device, names: names, precision: precision, keepsPacked: keepsPacked)
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
        let part = try BenchedPart(folder, options, in: context)
        let model = try AutoencoderKL(part.weights(), AutoencoderKLConfig(part.config))
        let latent = benchNoise(
            [1, model.config.latentChannels, size / model.config.factor, size / model.config.factor], seed: 1,
            scale: 1.7, on: part.device)
        try Measurement("decode to \(size) x \(size)", runs: options.runs, on: part.device) {
            _ = try model.decode(latent)
        }.print(json: options.json, times: part.times, in: context)
    }
}

/// `diorama bench t5`.
struct BenchT5Command: Command {
    static let configuration = CommandConfiguration(
        commandName: "t5",
        abstract: "Measure T5's encoder.",
        discussion: "Takes a folder of transformers' T5EncoderModel; the tokens are random.")

    @Argument(help: "The folder, with config.json and model.safetensors.")
    var folder: String

    @Option(help: "Tokens of the text.") var tokens = 256
    @OptionGroup var options: BenchOptions

    var reportsJSON: Bool { options.json }

    func validate() throws {
        guard (1...T5EncoderModel.longest).contains(tokens) else {
            throw ValidationError("--tokens must be 1 to \(T5EncoderModel.longest)")
        }
    }

    func run(in context: CommandContext) async throws {
        let part = try BenchedPart(folder, weights: "model.safetensors", options, in: context)
        let model = try T5EncoderModel(part.weights(T5EncoderModel.names()), T5Config(part.config))
        let ids = (0..<tokens).map { $0 * 7919 % model.config.vocabulary }
        try Measurement("T5, \(tokens) tokens", runs: options.runs, on: part.device) {
            _ = try model([ids], on: part.device)
        }.print(json: options.json, times: part.times, in: context)
    }
}
