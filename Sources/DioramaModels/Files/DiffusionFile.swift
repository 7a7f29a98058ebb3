public import DioramaTensor
public import DioramaWeights

/// A diffusion model with what sampling must know of its family.
public struct DiffusionPart: Sendable {
    /// The family: `FLUX.1`.
    public let family: String
    /// Denoises latents.
    public let model: any DiffusionModel
    /// How its noise is measured.
    public let schedule: NoiseSchedule
    /// How an autoencoder's latents are scaled for it.
    public let latentFormat: LatentFormat
    /// What a person should know about the loading, such as weights nobody used.
    public let notes: [String]
}

/// A file with a diffusion model, alone or among others: its family, known by keys and shapes.
public struct DiffusionFile: Sendable {
    /// The family's name: `FLUX.1`.
    public var family: String { reader.name }
    let shapes: FileShapes
    private let reader: DiffusionFamily

    /// What stands before the keys of diffusion models in files.
    private static let prefixes = [
        "model.diffusion_model.", "diffusion_model.", "", "transformer.", "net.", "model.",
    ]

    /// Finds the diffusion model in a file.
    ///
    /// - Parameter source: the file.
    /// - Throws: `WeightsError` that says what the file is, where it is known to be something else.
    public init(_ source: any TensorSource) throws {
        if let found = Self.find(in: source) {
            (shapes, reader) = found
            return
        }
        throw WeightsError(
            source.place,
            "holds no diffusion model known here\(FileGuess.sentence(source)); known are "
                + DiffusionFamily.all.map(\.name).joined(separator: ", "))
    }

    /// The family of the diffusion model in a file; nil where there is none.
    static func family(of source: any TensorSource) -> String? { find(in: source)?.reader.name }

    private static func find(in source: any TensorSource) -> (shapes: FileShapes, reader: DiffusionFamily)? {
        // Some ControlNets have all the blocks of a model.
        guard !FileGuess.isControlNet(source) else { return nil }
        for prefix in prefixes {
            let shapes = FileShapes(source, prefix: prefix)
            if let reader = DiffusionFamily.all.first(where: { $0.recognises(shapes) }) {
                return (shapes, reader)
            }
        }
        return nil
    }

    /// The model's configuration as diffusers would have written it, read off the shapes; throws where they do not fit together.
    public var config: ModelConfig {
        get throws { try reader.config(shapes) }
    }

    /// Channels of its latents; throws where the shapes do not fit together.
    public var latentChannels: Int {
        get throws { try reader.latentChannels(config) }
    }

    /// How the family's noise is measured.
    public var schedule: NoiseSchedule { reader.schedule(shapes) }

    /// How an autoencoder's latents are scaled for the family.
    public var latentFormat: LatentFormat { reader.latentFormat }

    /// Makes the model, its weights used in place.
    ///
    /// - Parameters:
    ///   - device: where it will run.
    ///   - precision: what layers round the terms of their products to; nil for what the weights are stored as.
    /// - Returns: the model and what sampling must know.
    /// - Throws: `WeightsError` where a tensor is missing or of another shape.
    public func load(on device: Device, precision: Precision? = nil) throws -> DiffusionPart {
        let (made, weights) = try make(on: device, precision: precision)
        let unused = weights.unusedKeys
        var notes: [String] = []
        if let first = unused.first {
            notes.append(
                "\(unused.count) tensor\(unused.count == 1 ? " is" : "s are") not used, such as \(first)")
        }
        return DiffusionPart(
            family: family, model: made, schedule: schedule, latentFormat: latentFormat, notes: notes)
    }

    /// The model, and the weights it has taken.
    func make(on device: Device, precision: Precision? = nil) throws -> (any DiffusionModel, Weights) {
        try reader.make(config, shapes, device, precision)
    }
}
