public import DioramaWeights

/// The shape of a CLIP text encoder, from transformers' `config.json` or from the tensors alone.
public struct CLIPTextConfig: Sendable, Hashable {
    /// The activation between the two layers of a perceptron.
    public enum Activation: String, Sendable, CaseIterable {
        /// x σ(1.702 x), of the original CLIP.
        case quickGELU = "quick_gelu"
        /// The exact GELU, of OpenCLIP.
        case gelu
    }

    /// Which token's state is the pooled one.
    public enum Pooling: Sendable, Hashable {
        /// The token with the largest id: configurations that say `eos_token_id` 2, from before transformers' PR 24773.
        case largestID
        /// The first token with this id, or the first of all where there is none.
        case first(Int)
    }

    /// Number of token ids.
    public let vocabulary: Int
    /// Width of the token states.
    public let width: Int
    /// Width between the two layers of a perceptron.
    public let innerWidth: Int
    /// Width of the projected pooled state; nil for an encoder without projection.
    public let projection: Int?
    /// Number of layers.
    public let layers: Int
    /// Number of attention heads, which divides `width`.
    public let heads: Int
    /// The longest sequence.
    public let positions: Int
    /// The activation.
    public let activation: Activation
    /// The pooling rule.
    public let pooling: Pooling
    /// Added to the variance in layer norms.
    public let eps: Float

    /// Reads and checks the configuration; throws `WeightsError`.
    public init(_ config: ModelConfig) throws {
        vocabulary = try config.int("vocab_size", in: 1...10_000_000)
        width = try config.int("hidden_size", in: 1...65_536)
        innerWidth = try config.int("intermediate_size", in: 1...1_048_576)
        layers = try config.int("num_hidden_layers", in: 1...1024)
        heads = try config.int("num_attention_heads", in: 1...1024)
        positions = try config.int("max_position_embeddings", in: 1...1_048_576)
        eps = try config.float("layer_norm_eps", default: 1e-5)
        guard width.isMultiple(of: heads) else {
            throw config.problem("num_attention_heads, \(heads), does not divide hidden_size, \(width)")
        }
        guard eps > 0 else { throw config.problem("layer_norm_eps: expected more than 0, found \(eps)") }
        let architectures = try config.strings("architectures") ?? []
        let isBare = architectures.contains("CLIPTextModel")
        projection = isBare ? nil : try config.int("projection_dim", in: 1...65_536, default: 512)
        let name = try config.string("hidden_act", default: Activation.quickGELU.rawValue)
        guard let activation = Activation(rawValue: name) else {
            let known = Activation.allCases.map(\.rawValue).joined(separator: ", ")
            throw config.problem("hidden_act: \"\(name)\" is not supported; known here: \(known)")
        }
        self.activation = activation
        let end = try config.int(
            "eos_token_id", in: 0...(vocabulary - 1), default: min(49_407, vocabulary - 1))
        pooling = end == 2 ? .largestID : .first(end)
    }

    /// Reads the shape off the tensors of an encoder that comes without configuration.
    ///
    /// What they do not tell is as in the models that such files hold: heads are 64 wide, the width of CLIP-L, 768, means the activation of
    /// the original CLIP and others that of OpenCLIP, and the end token is 49407, the last of CLIP's table.
    ///
    /// - Throws: `WeightsError` where one is missing, or where they do not fit together.
    public init(shapesOf w: Weights) throws {
        let model = CLIPTextModel.root(of: w)
        let tokens = try model.extents(of: "embeddings.token_embedding.weight", rank: 2)
        (vocabulary, width) = (tokens[0], tokens[1])
        guard width.isMultiple(of: 64) else {
            throw WeightsError(
                w.place,
                "embeddings.token_embedding.weight is \(width) wide, expected a multiple of a head's 64")
        }
        heads = width / 64
        positions = try model.extents(of: "embeddings.position_embedding.weight", rank: 2)[0]
        innerWidth = try model.extents(of: "encoder.layers.0.mlp.fc1.weight", rank: 2)[0]
        layers = try model.layerCount { layer in
            ["mlp.fc1", "mlp.fc2", "layer_norm1"].map { "encoder.layers.\(layer).\($0).weight" }
        }
        projection =
            w.contains("text_projection.weight")
            ? try w.extents(of: "text_projection.weight", rank: 2)[0] : nil
        activation = width == 768 ? .quickGELU : .gelu
        pooling = .first(min(49_407, vocabulary - 1))
        eps = 1e-5
    }
}
