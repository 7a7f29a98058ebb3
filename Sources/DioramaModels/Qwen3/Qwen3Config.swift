public import DioramaWeights

/// The shape of a Qwen3 language model, from transformers' `config.json` or from the tensors alone.
public struct Qwen3Config: Sendable, Hashable {
    /// Number of token ids.
    public let vocabulary: Int
    /// Width of the token states.
    public let width: Int
    /// Number of heads of queries.
    public let heads: Int
    /// Number of heads of keys and values, each of which serves as many heads of queries.
    public let keyHeads: Int
    /// Width of one head; all heads together need not be as wide as the token states.
    public let headWidth: Int
    /// Width between the layers of a perceptron.
    public let innerWidth: Int
    /// Number of layers.
    public let layers: Int
    /// The longest sequence.
    public let positions: Int
    /// The base of the wavelengths of rotary positions.
    public let theta: Double
    /// Added to the mean square in norms.
    public let eps: Float

    /// Reads and checks the configuration; throws `WeightsError`.
    public init(_ config: ModelConfig) throws {
        vocabulary = try config.int("vocab_size", in: 1...10_000_000)
        width = try config.int("hidden_size", in: 1...65_536)
        heads = try config.int("num_attention_heads", in: 1...1024)
        keyHeads = try config.int("num_key_value_heads", in: 1...1024, default: heads)
        headWidth = try config.int("head_dim", in: 2...4096, default: 128)
        innerWidth = try config.int("intermediate_size", in: 1...1_048_576)
        layers = try config.int("num_hidden_layers", in: 1...1024)
        positions = try config.int("max_position_embeddings", in: 1...1_048_576, default: 32_768)
        eps = try config.float("rms_norm_eps", default: 1e-6)
        // Older files have `rope_theta` and, where it is not plain, `rope_scaling`; newer ones `rope_parameters` with both.
        let parameters = try config.section("rope_parameters")
        theta = Double(try (parameters ?? config).float("rope_theta"))
        for rope in [parameters, try config.section("rope_scaling")].compactMap({ $0 }) {
            try rope.require("rope_type", among: ["default"])
            try rope.require("type", among: ["default"])
        }
        try config.require("hidden_act", among: ["silu"])
        try config.require("layer_types", among: ["full_attention"])
        for key in ["attention_bias", "use_sliding_window"] where try config.bool(key, default: false) {
            throw config.problem("\(key): true is not supported")
        }
        guard eps > 0 else { throw config.problem("rms_norm_eps: expected more than 0, found \(eps)") }
        guard theta > 0 else { throw config.problem("rope_theta: expected more than 0, found \(theta)") }
        guard heads.isMultiple(of: keyHeads) else {
            throw config.problem(
                "num_key_value_heads, \(keyHeads), does not divide num_attention_heads, \(heads)")
        }
        guard headWidth.isMultiple(of: 2) else {
            throw config.problem("head_dim: expected an even number, found \(headWidth)")
        }
    }

    /// Reads the shape off the tensors of a model that comes without configuration; what they do not tell is as in Qwen3 0.6B to 32B.
    ///
    /// - Throws: `WeightsError` where one is missing, or where they do not fit together.
    public init(shapesOf w: Weights) throws {
        let w = Qwen3Model.root(of: w)
        let attention = w["layers"][0]["self_attn"]
        let embedding = try w.extents(of: "embed_tokens.weight", rank: 2)
        (vocabulary, width) = (embedding[0], embedding[1])
        headWidth = try attention.extents(of: "q_norm.weight", rank: 1)[0]
        let queries = try attention.extents(of: "q_proj.weight", rank: 2)[0]
        let keys = try attention.extents(of: "k_proj.weight", rank: 2)[0]
        innerWidth = try w["layers"][0].extents(of: "mlp.gate_proj.weight", rank: 2)[0]
        layers = try w.layerCount { layer in
            ["self_attn.q_proj", "mlp.up_proj", "input_layernorm"].map { "layers.\(layer).\($0).weight" }
        }
        guard headWidth.isMultiple(of: 2), queries.isMultiple(of: keys), keys.isMultiple(of: headWidth) else {
            throw WeightsError(
                w.place,
                "\(attention.path) has \(queries) rows of queries and \(keys) of keys, which do not split into heads of \(headWidth)"
            )
        }
        (heads, keyHeads) = (queries / headWidth, keys / headWidth)
        (positions, theta, eps) = (40_960, 1e6, 1e-6)
    }

    /// Which layer's output is the hidden state `index`, as transformers counts them; nil where there is no such state.
    ///
    /// 0 are the embeddings, k is the output of layer k, the last one also normed; negative ones count from the end.
    public func layer(ofState index: Int) -> Int? {
        let layer = index < 0 ? layers + 1 + index : index
        return 0...layers ~= layer ? layer : nil
    }
}
