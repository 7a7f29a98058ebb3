public import DioramaTensor
public import DioramaWeights
public import FoundationEssentials

/// A file that holds a diffusion model with its text encoders and its autoencoder.
public struct CheckpointFile: Sendable {
    /// The diffusion model.
    public let diffusion: DiffusionPart
    /// The text encoders; where the file has none, one that says so when it is asked.
    public let textEncoder: any TextEncoder
    /// The autoencoder.
    public let autoencoder: AutoencoderKL
    /// What a person should know about the loading.
    public let notes: [String]

    /// Loads the file at `url`, its weights mapped into memory and used in place.
    ///
    /// - Parameters:
    ///   - url: the file.
    ///   - models: the models folders, for tokenizers.
    ///   - device: where its models will run.
    ///   - precision: what layers round the terms of their products to; nil for what the weights are stored as.
    /// - Throws: `WeightsError` and `TokenizerError`; the text names the file, what was expected and what was found.
    public init(_ url: URL, models: [URL], on device: Device, precision: Precision? = nil) throws {
        let source = try WeightsFile(url).open(
            wanting: "a checkpoint, a diffusion model with its text encoder and its autoencoder")
        diffusion = try DiffusionFile(source).load(on: device, precision: precision)
        let decoder: AutoencoderFile
        do {
            decoder = try AutoencoderFile(source)
        } catch {
            throw WeightsError(
                url.path,
                "holds \(diffusion.family) without an autoencoder: load it with Load Diffusion Model, and its autoencoder with Load VAE"
            )
        }
        let loaded = try decoder.load(on: device, precision: precision)
        autoencoder = loaded.autoencoder
        notes = diffusion.notes + loaded.notes
        if FoundTextEncoder.all(in: source).isEmpty {
            textEncoder = MissingTextEncoder(
                reason: "\(url.lastPathComponent) holds no text encoder: load one with Load CLIP")
        } else {
            let files = try TextEncoderFiles(
                [(url: url, source: source)], models: models, on: device, precision: precision)
            guard let family = Self.families[diffusion.family] else {
                throw WeightsError(
                    url.path,
                    "holds \(diffusion.family) with \(files.description), which do not belong together")
            }
            let choice = TextEncoderFit.Choice(FoundTextEncoder.all(in: source).map(\.kind), as: family)
            if let problem = try TextEncoderFit(DiffusionFile(source))?.problem(with: choice) {
                throw WeightsError(url.path, problem)
            }
            textEncoder = try files.encoder(for: family)
        }
    }

    /// Whose conditioning the text encoders of a checkpoint make; nil for a family that has none here.
    ///
    /// - Throws: `WeightsError` for a file without a diffusion model that is known.
    public static func encoderFamily(of source: any TensorSource) throws -> TextEncoderFiles.Family? {
        families[try DiffusionFile(source).family]
    }

    private static let families: [String: TextEncoderFiles.Family] = [
        "FLUX.1": .flux, "FLUX.2": .flux2, "Chroma": .chroma, "Z-Image": .zImage, "Stable Diffusion 3": .sd3,
        "PixArt-Sigma": .pixart,
    ]
}

/// Stands for the text encoder that a file does not have.
struct MissingTextEncoder: TextEncoder {
    let reason: String

    func encode(_ text: String) throws -> EncodedText { throw ModelInputError(reason) }

    func adapted(by adapter: inout AdapterApplication, strength: Double) throws -> MissingTextEncoder { self }
}
