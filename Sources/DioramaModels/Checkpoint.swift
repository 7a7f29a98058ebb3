public import DioramaTensor
import DioramaWeights
public import FoundationEssentials

/// Everything a model folder gives: the diffusion model, its schedule, its text encoder and its autoencoder.
public struct Checkpoint: Sendable {
    /// Denoises latents.
    public let model: any DiffusionModel
    /// How its noise is measured.
    public let schedule: NoiseSchedule
    /// Turns text into its conditioning.
    public let textEncoder: any TextEncoder
    /// Turns latents into pictures, and back.
    public let autoencoder: AutoencoderKL
    /// What a person should know about the loading: weights nobody used, parts that are not supported.
    public let notes: [String]
}

/// The pipelines that can be loaded, by the class that `model_index.json` names; one line for each.
public struct ModelCatalog: Sendable {
    /// Loads one kind of pipeline from a folder.
    typealias Loader = @Sendable (DiffusersDirectory, Device, Precision?) throws -> Checkpoint

    private let loaders: [String: Loader]

    /// All pipelines known here.
    public static let builtin = ModelCatalog(loaders: [
        "StableDiffusion3Pipeline": Checkpoint.stableDiffusion3,
        "StableDiffusion3Img2ImgPipeline": Checkpoint.stableDiffusion3,
        "FluxPipeline": Checkpoint.flux,
        "FluxImg2ImgPipeline": Checkpoint.flux,
        "FluxFillPipeline": Checkpoint.flux,
        "FluxKontextPipeline": Checkpoint.flux,
        "Flux2KleinPipeline": Checkpoint.flux2Klein,
        "ZImagePipeline": Checkpoint.zImage,
        "ZImageImg2ImgPipeline": Checkpoint.zImage,
        "ChromaPipeline": Checkpoint.chroma,
        "PixArtSigmaPipeline": Checkpoint.pixArtSigma,
    ])

    /// The classes that can be loaded, sorted.
    public var classNames: [String] { loaders.keys.sorted() }

    /// Loads the model folder at `url`, its weights mapped into memory and used in place.
    ///
    /// - Parameters:
    ///   - url: the folder.
    ///   - device: where its models will run.
    ///   - precision: what layers round the terms of their products to; nil for what the weights are stored as. In int8 are the linear
    ///     layers of the diffusion model's blocks; the text encoder and the autoencoder are bf16 then.
    /// - Returns: what the folder gives.
    /// - Throws: `WeightsError` and `TokenizerError`; the text names the file, what was expected and what was found.
    public func load(_ url: URL, on device: Device, precision: Precision? = nil) throws -> Checkpoint {
        let directory = try DiffusersDirectory(contentsOf: url)
        guard let loader = loaders[directory.className] else {
            throw WeightsError(
                url.path,
                "the pipeline \(directory.className) is not supported; known here: "
                    + classNames.joined(separator: ", "))
        }
        return try loader(directory, device, precision)
    }
}

/// Loads the parts of a folder and notes what is odd about them.
struct PartLoader {
    let directory: DiffusersDirectory
    var notes: [String] = []
    let device: Device
    private let precision: Precision?

    init(_ directory: DiffusersDirectory, _ device: Device, _ precision: Precision?) {
        self.directory = directory
        self.device = device
        self.precision = precision
    }

    /// Loads the model in the folder `name`, whose class must be `className`; `isDenoiser` if it runs in every step, and its layers may be int8.
    mutating func load<Model>(
        _ name: String, as className: String, isDenoiser: Bool = false, names: TensorNames = .own,
        _ make: (Weights, ModelConfig) throws -> Model
    ) throws -> Model {
        let config = try config(name, as: className)
        let weights = Weights(
            try directory.part(name).weights(), on: device, names: names,
            precision: isDenoiser ? precision : precision?.real, keepsPacked: isDenoiser)
        let model = try weights.build { try make($0, config) }
        let unused = weights.unusedKeys.filter { !$0.hasSuffix("position_ids") }
        if let first = unused.first {
            notes.append(
                "\(name): \(unused.count) tensor\(unused.count == 1 ? " is" : "s are") not used, such as \(first)"
            )
        }
        return model
    }

    /// The configuration of the part `name`, whose class must be `className`.
    func config(_ name: String, as className: String) throws -> ModelConfig {
        let part = try directory.part(name)
        guard part.className == className else {
            throw WeightsError(
                directory.url.path, "\(name) is a \(part.className); this pipeline takes a \(className)")
        }
        return try part.config()
    }

    /// Throws `problem` where two parts do not fit together.
    func require(_ condition: Bool, _ problem: String) throws {
        guard condition else { throw WeightsError(directory.url.path, problem) }
    }
}
