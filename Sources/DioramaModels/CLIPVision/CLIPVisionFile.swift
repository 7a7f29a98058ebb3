import DioramaJSON
public import DioramaTensor
public import DioramaWeights

/// A file with a vision model, CLIP's or SigLIP's, alone or beside its text encoder, known by its keys.
public struct CLIPVisionFile: Sendable {
    private let source: any TensorSource

    /// What such files have, a row a spelling.
    private static let marks = [
        [
            "vision_model.embeddings.patch_embedding.weight",
            "vision_model.encoder.layers.0.layer_norm1.weight",
        ],
        ["visual.conv1.weight", "visual.transformer.resblocks.0.ln_1.weight"],
    ]

    /// Finds the model in a file.
    ///
    /// - Throws: `WeightsError` that says what the file is, where it is known to be something else.
    public init(_ source: any TensorSource) throws {
        guard let found = Self(recognised: source) else {
            throw WeightsError(
                source.place,
                "holds no vision model known here\(FileGuess.sentence(source)); known are those of CLIP and SigLIP"
            )
        }
        self = found
    }

    /// Finds the model in a file; nil where there is none.
    init?(recognised source: any TensorSource) {
        guard Self.marks.contains(where: { $0.allSatisfy { source.info($0) != nil } }) else { return nil }
        self.source = source
    }

    /// Its configuration, read off the shapes; throws `WeightsError` where they do not fit together.
    public var config: CLIPVisionConfig {
        get throws { try CLIPVisionConfig(shapesOf: weights(on: .reference(), nil)) }
    }

    /// What kind of model it is: `CLIP`.
    var name: String {
        source.info("vision_model.embeddings.class_embedding") == nil
            && source.info("visual.class_embedding") == nil ? "SigLIP" : "CLIP"
    }

    /// Makes the model, its weights used in place.
    ///
    /// - Parameters:
    ///   - device: where it will run.
    ///   - precision: what layers round the terms of their products to; nil for what the weights are stored as.
    /// - Returns: the model, and what a person should know about the loading.
    /// - Throws: `WeightsError` where a tensor is missing or of another shape.
    public func load(
        on device: Device, precision: Precision? = nil
    ) throws -> (model: CLIPVisionModel, notes: [String]) {
        let (model, weights) = try make(on: device, precision: precision)
        return (model, weights.noteOfUnused)
    }

    /// The model, and the weights it has taken.
    func make(on device: Device, precision: Precision? = nil) throws -> (CLIPVisionModel, Weights) {
        let (config, weights) = (try config, weights(on: device, precision))
        return (try weights.build { try CLIPVisionModel($0, config) }, weights)
    }

    private func weights(on device: Device, _ precision: Precision?) -> Weights {
        Weights(source, on: device, names: CLIPVisionModel.names, precision: precision)
    }
}

extension CLIPVisionConfig {
    /// Its main sizes as transformers call them.
    var shown: JSON.Object {
        var sizes: JSON.Object = [
            "hidden_size": .integer(width), "num_hidden_layers": .integer(layers),
            "num_attention_heads": .integer(heads), "patch_size": .integer(patch),
            "image_size": .integer(pictureSide),
        ]
        sizes["projection_dim"] = projection.map { .integer($0) }
        return sizes
    }
}
