import DioramaNN
public import DioramaTensor
public import DioramaWeights

/// T5's encoder: a transformer over token ids that sees in both directions, without absolute positions and without biases.
///
/// Raffel et al., [Exploring the Limits of Transfer Learning](https://arxiv.org/abs/1910.10683), with the gated perceptron of T5 1.1 (Shazeer,
/// [GLU Variants Improve Transformer](https://arxiv.org/abs/2002.05202)); names as in transformers' `T5EncoderModel`. UMT5 is the same
/// with a table of relative positions in every layer.
public struct T5EncoderModel: Sendable {
    /// The longest sequence it takes: a bound for the memory of the scores' biases.
    public static let longest = 4096

    /// Its shape.
    public let config: T5Config
    private let tokens: Embedding
    private let blocks: [T5Block]
    private let finalNorm: RMSNorm

    /// How files spell its tensors: transformers' names and llama.cpp's, after `prefix`, which ends with a dot where it is not empty.
    public static func names(prefix: String = "") -> TensorNames {
        TensorNames(prefix: prefix, aliases: T5Names.aliases)
    }

    /// Takes the weights of the encoder, and passes over those of a decoder; throws where any is missing or of another shape.
    public init(_ w: Weights, _ config: T5Config) throws {
        self.config = config
        let shared = w.contains("shared.weight") ? w["shared"] : w["encoder.embed_tokens"]
        tokens = try Embedding(shared, count: config.vocabulary, width: config.width)
        // UMT5 has a table in every layer, T5 in the first.
        let isInEach = (0..<config.layers).dropFirst().contains {
            w["encoder.block"][$0].contains(T5Block.tableName + ".weight")
        }
        blocks = try (0..<config.layers).map {
            try T5Block(w["encoder.block"][$0], config, hasPositions: isInEach || $0 == 0)
        }
        finalNorm = try RMSNorm(w["encoder.final_layer_norm"], width: config.width, eps: config.eps)
        for other in ["encoder.embed_tokens", "decoder", "lm_head"] { w[other].skip() }
    }

    /// Encodes sequences of ids, all of one length, at most ``longest``.
    ///
    /// - Parameters:
    ///   - ids: of each sequence, with its end token and what fills it up.
    ///   - lengths: how many ids at the beginning of each sequence are seen; all of them if nil, as most diffusion models want it.
    ///   - device: where it runs.
    ///   - layer: whose state is given, counted from the end: -1 is the last; so is one that the encoder does not have.
    /// - Returns: the state after the layer, normed, [B, L, width].
    /// - Throws: `ModelInputError` for an id the table does not have, or sequences that are empty, too long or of different lengths.
    public func callAsFunction(
        _ ids: [[Int]], lengths: [Int]? = nil, on device: Device, layer: Int = -1
    ) throws -> Tensor {
        let count = blocks.count + 1 + layer
        return try encode(ids, lengths, device, blocks: 1...blocks.count ~= count ? count : blocks.count) {
            _ in
        }
    }

    /// As `callAsFunction`, but gives the embeddings and the state after each layer, the last one normed: layers + 1 of [B, L, width].
    public func hiddenStates(
        of ids: [[Int]], lengths: [Int]? = nil, on device: Device
    ) throws -> [Tensor] {
        var states: [Tensor] = []
        let last = try encode(ids, lengths, device, blocks: blocks.count) { states.append($0) }
        return states + [last]
    }

    /// Passes ids through the first `count` blocks; calls `see` with what each block takes.
    private func encode(
        _ ids: [[Int]], _ lengths: [Int]?, _ device: Device, blocks count: Int, see: (Tensor) -> Void
    ) throws -> Tensor {
        let sequences = try TokenSequences(
            ids, lengths: lengths, encoder: "T5", vocabulary: config.vocabulary, longest: Self.longest,
            on: device)
        var x = tokens(sequences.ids)
        var positionBias: Tensor?
        for block in blocks.prefix(count) {
            see(x)
            positionBias = block.positions?(length: sequences.length, on: device) ?? positionBias
            x = block(x, positionBias: positionBias, keyBias: sequences.keyBias)
        }
        return finalNorm(x)
    }
}

/// One layer: self-attention and a gated perceptron, each normed before and added to its input.
struct T5Block: Sendable {
    /// The table of relative positions; nil where the layer uses that of the one before.
    let positions: RelativePositionBias?
    private let attentionNorm, feedForwardNorm: RMSNorm
    private let query, key, value: HeadProjection
    private let output: Linear
    private let feedForward: GatedFeedForward

    /// Where the table of relative positions is in a layer.
    static let tableName = "layer.0.SelfAttention.relative_attention_bias"

    init(_ w: Weights, _ c: T5Config, hasPositions: Bool) throws {
        let attention = w["layer.0.SelfAttention"]
        let inner = c.heads * c.headWidth
        func head(_ name: String) throws -> HeadProjection {
            try HeadProjection(attention, name, width: c.width, heads: c.heads, inner: inner, bias: false)
        }
        positions = hasPositions ? try RelativePositionBias(w[Self.tableName], c) : nil
        attentionNorm = try RMSNorm(w["layer.0.layer_norm"], width: c.width, eps: c.eps)
        feedForwardNorm = try RMSNorm(w["layer.1.layer_norm"], width: c.width, eps: c.eps)
        query = try head("q")
        key = try head("k")
        value = try head("v")
        output = try Linear(attention["o"], from: inner, to: c.width, bias: false)
        feedForward = try GatedFeedForward(
            w["layer.1.DenseReluDense"], gate: "wi_0", up: "wi_1", down: "wo", width: c.width,
            inner: c.innerWidth, .geluTanh)
    }

    /// - Parameters:
    ///   - x: token states, [B, L, D].
    ///   - positionBias: added to the scores, [1, heads, L, L].
    ///   - keyBias: added to the scores of each key, [B, L].
    /// - Returns: token states, [B, L, D].
    func callAsFunction(_ x: Tensor, positionBias: Tensor?, keyBias: Tensor?) -> Tensor {
        let n = attentionNorm(x)
        let own = HeadProjection.each(query, key, value, of: n)
        let mixed = attention(
            own.query, own.key, own.value, scale: 1, keyBias: keyBias, mask: positionBias,
            precision: query.precision)
        let y = output(mixed.joinedHeads(), LinearEpilogue(residual: x))
        return feedForward(feedForwardNorm(y), LinearEpilogue(residual: y))
    }
}
