import DioramaNN
import DioramaTensor
import DioramaWeights

/// The form of the blocks that Flux's families share.
struct StreamShape: Sendable {
    /// Width of the tokens.
    let width: Int
    /// Number of attention heads.
    let heads: Int
    /// The perceptron's inner width, as a multiple of the tokens'.
    let ratio: Int
    /// Whether perceptrons have a gate (SwiGLU) rather than tanh-GELU.
    let isGated: Bool
    /// Whether linear layers have biases.
    let hasBias: Bool

    func feedForward(_ w: Weights, _ name: String) throws -> any FeedForwardLayer {
        guard isGated else { return try FeedForward(w[name], width: width, factor: ratio) }
        return try GatedFeedForward(
            w[name], gate: "gate", up: "up", down: "linear_out", width: width, inner: ratio * width)
    }

    func projection(_ w: Weights, _ name: String, norm: String? = nil) throws -> HeadProjection {
        try HeadProjection(w, name, norm: norm, width: width, heads: heads, bias: hasBias)
    }
}

/// What a stream gives joint attention, and how it takes the answer.
struct StreamAttention: Sendable {
    let query, key, value: HeadProjection
    let output: Linear

    /// Queries, keys and values of [B, L, D], whose positions turn the first two.
    func heads(_ x: Tensor, turnedBy positions: RotaryPositions) -> (
        query: Tensor, key: Tensor, value: Tensor
    ) {
        HeadProjection.each(query, key, value, of: x, turnedBy: positions)
    }
}

/// A block of two streams, image and text, with layers of their own, that attend together: Flux's `DoubleStreamBlock`.
///
/// The text's tokens come first in the joint sequence. Modulations are given, for families make them in different ways.
struct DoubleStreamBlock: Sendable {
    private let image, text: StreamAttention
    private let imageMLP, textMLP: any FeedForwardLayer

    /// Takes the weights of a block; names as in diffusers' `FluxTransformerBlock` and `Flux2TransformerBlock`.
    init(_ w: Weights, _ shape: StreamShape) throws {
        let attention = w["attn"]
        func output(_ name: String) throws -> Linear {
            try Linear(attention[name], from: shape.width, to: shape.width, bias: shape.hasBias)
        }
        image = StreamAttention(
            query: try shape.projection(attention, "to_q", norm: "norm_q"),
            key: try shape.projection(attention, "to_k", norm: "norm_k"),
            value: try shape.projection(attention, "to_v"), output: try output("to_out.0"))
        text = StreamAttention(
            query: try shape.projection(attention, "add_q_proj", norm: "norm_added_q"),
            key: try shape.projection(attention, "add_k_proj", norm: "norm_added_k"),
            value: try shape.projection(attention, "add_v_proj"), output: try output("to_add_out"))
        imageMLP = try shape.feedForward(w, "ff")
        textMLP = try shape.feedForward(w, "ff_context")
    }

    /// Passes both streams through, of which `state` must have both.
    ///
    /// - Parameters:
    ///   - state: tokens of the image, [B, N, D], and the text, [B, L, D].
    ///   - forImage: the image's modulations of attention and perceptron.
    ///   - forText: the text's.
    ///   - positions: of text and image tokens, in this order.
    ///   - styles: how tokens of styles count as keys; nil for as they are.
    ///   - attended: gives the keys and values that the tokens attend to, of their own.
    /// - Returns: both streams, of the same shapes.
    func callAsFunction(
        _ state: BlockState, _ forImage: [StreamModulation], _ forText: [Modulation],
        _ positions: RotaryPositions, styles: StyleAttention? = nil, attending attended: AttendedKeys? = nil
    ) -> BlockState {
        guard let context = state.context else {
            preconditionFailure("DoubleStreamBlock: the state has no text tokens")
        }
        let count = context.shape[1]
        let y = text.heads(forText[0].input(context), turnedBy: positions[0..<count])
        let x = image.heads(
            forImage[0].input(state.image), turnedBy: positions[count..<count + state.image.shape[1]])
        let own = (keys: [y.key, x.key], values: [y.value, x.value])
        let (keys, values) = attended?(own.keys, own.values, image.query.precision) ?? own
        let mixed = attention(
            [y.query, x.query], keys, values, styles: styles, precision: image.query.precision)
        let forText1 = text.output(mixed[0].joinedHeads(), forText[0].added(to: context))
        let forImage1 = image.output(mixed[1].joinedHeads(), forImage[0].added(to: state.image))
        return BlockState(
            image: imageMLP(forImage[1].input(forImage1), forImage[1].added(to: forImage1)),
            context: textMLP(forText[1].input(forText1), forText[1].added(to: forText1)))
    }
}

/// A block of one stream whose attention and perceptron stand side by side: Flux's `SingleStreamBlock`.
struct SingleStreamBlock: Sendable {
    private let query, key, value: HeadProjection
    private let up: Linear
    private let gate: Linear?
    private let output: Linear

    /// Takes the weights of a block; names as in diffusers' `FluxSingleTransformerBlock`.
    init(_ w: Weights, _ shape: StreamShape) throws {
        let (width, inner) = (shape.width, shape.ratio * shape.width)
        query = try shape.projection(w["attn"], "to_q", norm: "norm_q")
        key = try shape.projection(w["attn"], "to_k", norm: "norm_k")
        value = try shape.projection(w["attn"], "to_v")
        up = try Linear(w["proj_mlp"], from: width, to: inner, bias: shape.hasBias)
        gate =
            shape.isGated ? try Linear(w["proj_gate"], from: width, to: inner, bias: shape.hasBias) : nil
        output = try Linear(w["proj_out"], from: width + inner, to: width, bias: shape.hasBias)
    }

    /// Passes a sequence [B, L, D] through.
    func callAsFunction(
        _ state: BlockState, _ modulation: StreamModulation, _ positions: RotaryPositions,
        styles: StyleAttention? = nil, attending attended: AttendedKeys? = nil
    ) -> BlockState {
        let x = modulation.input(state.image)
        let own = HeadProjection.each(query, key, value, of: x, turnedBy: positions)
        let (keys, values) =
            attended?([own.key], [own.value], query.precision) ?? (keys: [own.key], values: [own.value])
        let mixed = attention([own.query], keys, values, styles: styles, precision: query.precision)[0]
            .joinedHeads()
        let thought =
            gate.map { up(x, LinearEpilogue(gate: $0(x, LinearEpilogue(.silu)))) }
            ?? up(x, LinearEpilogue(.geluTanh))
        return BlockState(
            image: output(.concatenated([mixed, thought], axis: -1), modulation.added(to: state.image)),
            context: state.context)
    }
}
