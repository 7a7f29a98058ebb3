public import DioramaTensor
public import DioramaWeights

/// A file of the kind that ComfyUI calls a model patch, known by its keys; ControlNets of Z-Image can be loaded.
///
/// These are alibaba-pai's Z-Image-Turbo-Fun-Controlnet-Union: version 1; 2.0, whose own noise refiner was not trained, which is known by
/// weights that are zero; and 2.1, in which it steers the model's. Files of fewer layers are read alike.
public struct ModelPatchFile: Sendable {
    /// What people call the family that it steers.
    public static let family = "Z-Image"
    let shapes: FileShapes

    /// The layer by which it is known.
    static let mark = "control_all_x_embedder.2-1."

    /// Finds the patch in a file.
    ///
    /// - Parameter source: the file.
    /// - Throws: `WeightsError` that says what the file is, where it is known to be something else.
    public init(_ source: any TensorSource) throws {
        shapes = FileShapes(source)
        guard shapes.hasFolder(Self.mark) else {
            throw WeightsError(
                source.place,
                "holds no model patch known here\(FileGuess.sentence(source)); known are Fun ControlNets of Z-Image"
            )
        }
    }

    /// Its configuration, read off the shapes alone; throws `WeightsError` where they do not fit together, or it is not supported.
    public var config: ZImageControlNetConfig {
        get throws { try ZImageControlNetConfig(shapes.zImageControlNetConfig()) }
    }

    /// Makes the ControlNet, its weights used in place.
    ///
    /// - Parameters:
    ///   - device: where it will run.
    ///   - precision: what layers round the terms of their products to; nil for what the weights are stored as.
    /// - Returns: the ControlNet, and what a person should know about the loading.
    /// - Throws: `WeightsError` where a tensor is missing or of another shape.
    public func load(
        on device: Device, precision: Precision? = nil
    ) throws -> (network: any ControlNetwork, notes: [String]) {
        let (made, weights) = try make(on: device, precision: precision)
        return (made, weights.noteOfUnused)
    }

    /// The ControlNet, and the weights it has taken.
    func make(on device: Device, precision: Precision? = nil) throws -> (ZImageControlNet, Weights) {
        let config = try ZImageControlNetConfig(
            shapes.zImageControlNetConfig(), isRefinedByLayers: hasEmptyRefiner(try config))
        let weights = Weights(
            shapes.source, on: device, names: ZImageControlNet.names, precision: precision,
            keepsPacked: true)
        if config.refining == .byLayers { weights[Self.refiner].skip() }
        return (try weights.build { try ZImageControlNet($0, config) }, weights)
    }

    private static let refiner = "control_noise_refiner"

    /// Whether what its own refiner gives is zero whatever it sees; not where its shapes do not fit together, which loading tells.
    private func hasEmptyRefiner(_ config: ZImageControlNetConfig) -> Bool {
        guard config.refining != .nothing else { return false }
        let weights = Weights(shapes.source, on: .reference(), names: ZImageControlNet.names)
        let projection = try? weights[Self.refiner][0]["after_proj"]
            .tensor("weight", [config.width, config.width])
        return projection?.withFloats { $0.allSatisfy { $0 == 0 } } ?? false
    }
}
