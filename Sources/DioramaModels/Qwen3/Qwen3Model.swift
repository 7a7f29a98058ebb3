import DioramaNN
public import DioramaTensor
public import DioramaWeights

/// The language model Qwen3, run once over a prompt: a causal transformer, of whose layers the states are taken.
///
/// Qwen Team, [Qwen3 Technical Report](https://arxiv.org/abs/2505.09388); names as in transformers' `Qwen3Model`. Layers beyond the last
/// whose state is wanted are neither read nor run.
public struct Qwen3Model: Sendable {
    /// Its shape.
    public let config: Qwen3Config
    /// How many layers it has here; not more than `config.layers`.
    public var lastLayer: Int { layers.count }
    private let tokens: Embedding
    private let layers: [Qwen3Layer]
    private let finalNorm: RMSNorm?

    /// How files spell its tensors: transformers' names and llama.cpp's, after `prefix`, which ends with a dot where it is not empty.
    public static func names(prefix: String = "") -> TensorNames {
        TensorNames(prefix: prefix, aliases: Qwen3Names.aliases)
    }

    /// Where the model is: with or without `model.` before its names.
    static func root(of w: Weights) -> Weights {
        w.contains("model.embed_tokens.weight") ? w["model"] : w
    }

    /// Takes the weights of the model, with or without the prefix `model.`.
    ///
    /// - Parameters:
    ///   - w: where they are; those that are not needed count as taken.
    ///   - config: its shape.
    ///   - lastLayer: the last layer that is needed, by ``Qwen3Config/layer(ofState:)``; all of them if nil.
    /// - Throws: `WeightsError` where a tensor is missing or of another shape.
    public init(_ w: Weights, _ config: Qwen3Config, lastLayer: Int? = nil) throws {
        let model = Self.root(of: w)
        let last = max(0, min(lastLayer ?? config.layers, config.layers))
        self.config = config
        tokens = try Embedding(model["embed_tokens"], count: config.vocabulary, width: config.width)
        layers = try (0..<last).map { try Qwen3Layer(model["layers"][$0], config) }
        finalNorm =
            last == config.layers
            ? try RMSNorm(model["norm"], width: config.width, eps: config.eps) : nil
        for layer in last..<config.layers { model["layers"][layer].skip() }
        if finalNorm == nil { model["norm"].skip() }
        w["lm_head"].skip()
    }

    /// The hidden states `wanted` of sequences of ids, all of one length, at most `config.positions`.
    ///
    /// Positions count from the beginning of a sequence, whatever is seen of it. A token does not see what follows it.
    ///
    /// - Parameters:
    ///   - wanted: which states, as transformers counts them (``Qwen3Config/layer(ofState:)``), in any order.
    ///   - ids: of each sequence, with what fills it up at its end.
    ///   - lengths: how many ids at the beginning of each sequence are seen; all of them if nil.
    ///   - device: where it runs.
    /// - Returns: for each of `wanted` the state, [B, L, width]. What it says of tokens that are not seen is of no meaning.
    /// - Throws: `ModelInputError` for states and ids that the model does not have, and for sequences that are empty, too long or of
    ///   different lengths.
    public func states(
        _ wanted: [Int], of ids: [[Int]], lengths: [Int]? = nil, on device: Device
    ) throws -> [Tensor] {
        let wanted = try wanted.map { index in
            guard let layer = config.layer(ofState: index), layer <= lastLayer else {
                throw ModelInputError(
                    "the hidden state \(index) was asked of a Qwen3 that has those of 0...\(lastLayer) layers here"
                )
            }
            return layer
        }
        let sequences = try TokenSequences(
            ids, lengths: lengths, encoder: "Qwen3", vocabulary: config.vocabulary,
            longest: config.positions, on: device)
        let rotary = RotaryPositions(
            (0..<sequences.length).map { [$0] }, axes: [config.headWidth], theta: config.theta, on: device)

        var states: [Int: Tensor] = [:]
        var x = tokens(sequences.ids)
        if wanted.contains(0) { states[0] = x }
        for (index, layer) in layers.prefix(wanted.max() ?? 0).enumerated() {
            x = layer(x, rotary: rotary, keyBias: sequences.keyBias)
            let number = index + 1
            guard wanted.contains(number) else { continue }
            states[number] = number == config.layers ? finalNorm?(x) ?? x : x
        }
        return wanted.map { states[$0] ?? x }
    }
}

/// One layer: causal self-attention with fewer heads of keys than of queries, and a gated perceptron, each normed before and
/// added to its input.
struct Qwen3Layer: Sendable {
    private let attentionNorm, feedForwardNorm: RMSNorm
    private let query, key, value: HeadProjection
    private let output: Linear
    private let feedForward: GatedFeedForward

    init(_ w: Weights, _ c: Qwen3Config) throws {
        let attention = w["self_attn"]
        func head(_ name: String, norm: String? = nil, _ count: Int) throws -> HeadProjection {
            try HeadProjection(
                attention, name, norm: norm, width: c.width, heads: count, inner: count * c.headWidth,
                bias: false, eps: c.eps)
        }
        attentionNorm = try RMSNorm(w["input_layernorm"], width: c.width, eps: c.eps)
        feedForwardNorm = try RMSNorm(w["post_attention_layernorm"], width: c.width, eps: c.eps)
        query = try head("q_proj", norm: "q_norm", c.heads)
        key = try head("k_proj", norm: "k_norm", c.keyHeads)
        value = try head("v_proj", c.keyHeads)
        output = try Linear(attention["o_proj"], from: c.heads * c.headWidth, to: c.width, bias: false)
        feedForward = try GatedFeedForward(
            w["mlp"], gate: "gate_proj", up: "up_proj", down: "down_proj", width: c.width,
            inner: c.innerWidth)
    }

    /// - Parameters:
    ///   - x: token states, [B, L, D].
    ///   - rotary: the angles of L positions.
    ///   - keyBias: added to the scores of each key, [B, L].
    /// - Returns: token states, [B, L, D].
    func callAsFunction(_ x: Tensor, rotary: RotaryPositions, keyBias: Tensor?) -> Tensor {
        let n = attentionNorm(x)
        // The first half of a head turns with the second.
        let own = HeadProjection.each(query, key, value, of: n, turnedBy: rotary, .half)
        let mixed = attention(
            own.query, own.key, own.value, causal: true, keyBias: keyBias, precision: query.precision)
        let y = output(mixed.joinedHeads(), LinearEpilogue(residual: x))
        return feedForward(feedForwardNorm(y), LinearEpilogue(residual: y))
    }
}
