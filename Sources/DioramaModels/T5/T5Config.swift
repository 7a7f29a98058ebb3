public import DioramaWeights

/// The shape of a T5 1.1 encoder, from transformers' `config.json` or from the tensors alone.
public struct T5Config: Sendable, Hashable {
    /// Number of token ids.
    public let vocabulary: Int
    /// Width of the token states.
    public let width: Int
    /// Number of attention heads.
    public let heads: Int
    /// Width of one head; all heads together need not be as wide as the token states.
    public let headWidth: Int
    /// Width between the two layers of a perceptron.
    public let innerWidth: Int
    /// Number of layers.
    public let layers: Int
    /// How many kinds of distance between two tokens are told apart, half of them for each direction.
    public let buckets: Int
    /// The distance from which on all are one.
    public let maxDistance: Int
    /// Added to the mean square in norms.
    public let eps: Float

    /// Reads and checks the configuration; throws `WeightsError`.
    public init(_ config: ModelConfig) throws {
        vocabulary = try config.int("vocab_size", in: 1...10_000_000)
        width = try config.int("d_model", in: 1...65_536)
        heads = try config.int("num_heads", in: 1...1024)
        headWidth = try config.int("d_kv", in: 1...4096)
        innerWidth = try config.int("d_ff", in: 1...1_048_576)
        layers = try config.int("num_layers", in: 1...1024)
        buckets = try config.int("relative_attention_num_buckets", in: 4...1024, default: 32)
        maxDistance = try config.int("relative_attention_max_distance", in: 2...65_536, default: 128)
        eps = try config.float("layer_norm_epsilon", default: 1e-6)
        let perceptron = try config.string("feed_forward_proj", default: "relu")
        guard perceptron == "gated-gelu" else {
            throw config.problem(
                "feed_forward_proj: \"\(perceptron)\" is not supported; known here: gated-gelu, that of T5 1.1"
            )
        }
        guard eps > 0 else { throw config.problem("layer_norm_epsilon: expected more than 0, found \(eps)") }
        guard let problem = bucketProblem else { return }
        throw config.problem(
            "relative_attention_num_buckets \(buckets), relative_attention_max_distance \(maxDistance): \(problem)"
        )
    }

    /// Reads the shape off the tensors of an encoder that comes without configuration; what they do not tell is as in T5 1.1.
    ///
    /// - Throws: `WeightsError` where one is missing, or where they do not fit together.
    public init(shapesOf w: Weights) throws {
        let table = "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
        let query = "encoder.block.0.layer.0.SelfAttention.q.weight"
        let embedding = try w.extents(of: "shared.weight", rank: 2)
        (vocabulary, width) = (embedding[0], embedding[1])
        let distances = try w.extents(of: table, rank: 2)
        (buckets, heads) = (distances[0], distances[1])
        let queries = try w.extents(of: query, rank: 2)[0]
        guard queries.isMultiple(of: heads) else {
            throw WeightsError(
                w.place, "\(query) has \(queries) rows, which the \(heads) heads of \(table) do not divide")
        }
        headWidth = queries / heads
        innerWidth = try w.extents(of: "encoder.block.0.layer.1.DenseReluDense.wi_0.weight", rank: 2)[0]
        layers = try w.layerCount { block in
            ["0.SelfAttention.q", "0.layer_norm", "1.layer_norm"].map {
                "encoder.block.\(block).layer.\($0).weight"
            }
        }
        (maxDistance, eps) = (128, 1e-6)
        guard let problem = bucketProblem else { return }
        throw WeightsError(w.place, "\(table): \(problem)")
    }

    /// What is wrong with the buckets: half of those of a direction are for single distances, which must be below the largest.
    private var bucketProblem: String? {
        guard buckets >= 4, buckets.isMultiple(of: 4), buckets / 4 < maxDistance else {
            return
                "expected a multiple of 4 buckets, less than 4 times the largest distance, \(maxDistance); found \(buckets)"
        }
        return nil
    }
}
