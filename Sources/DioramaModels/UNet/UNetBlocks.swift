import DioramaNN
import DioramaTensor
import DioramaWeights

/// What every block of a U-Net is told: the vector of time after SiLU, [B, T], and the text tokens, [B, L, D].
struct UNetConditions {
    let time: Tensor
    let text: Tensor
}

extension UNetConfig {
    /// Added to the variance in the group norms of residual blocks and of the output.
    static let residualEps: Float = 1e-5
    /// Added to the variance in the group norm before attention.
    static let attentionEps: Float = 1e-6

    func norm(_ w: Weights, _ channels: Int, eps: Float) throws -> GroupNorm {
        try GroupNorm(w, channels: channels, groups: groups, eps: eps)
    }
}

/// Two convolutions, each after norm and SiLU, with the time added between; the sum is added to the input.
struct TimedResnetBlock: Sendable {
    private let norm1, norm2: GroupNorm
    private let conv1, conv2: Conv2d
    private let time: Linear
    private let shortcut: Conv2d?

    init(_ w: Weights, from input: Int, to output: Int, _ c: UNetConfig) throws {
        norm1 = try c.norm(w["norm1"], input, eps: UNetConfig.residualEps)
        conv1 = try Conv2d(w["conv1"], from: input, to: output, kernel: 3, padding: 1)
        time = try Linear(w["time_emb_proj"], from: c.timeWidth, to: output, isSensitive: true)
        norm2 = try c.norm(w["norm2"], output, eps: UNetConfig.residualEps)
        conv2 = try Conv2d(w["conv2"], from: output, to: output, kernel: 3, padding: 1)
        shortcut = input == output ? nil : try Conv2d(w["conv_shortcut"], from: input, to: output, kernel: 1)
    }

    /// [B, in, H, W] to [B, out, H, W].
    func callAsFunction(_ x: Tensor, _ conditions: UNetConditions) -> Tensor {
        let time = time(conditions.time)
        let hidden =
            conv1.same(x, ConvPrologue(affine: norm1.affine(x), silu: true), storage: .f32)
            + time.reshaped(time.shape[0], time.shape[1], 1, 1)
        let kept = shortcut?.same(x, storage: .f32) ?? x
        return conv2.same(
            hidden, ConvPrologue(affine: norm2.affine(hidden), silu: true), residual: kept, storage: .f32)
    }
}

/// Attention among cells, attention to the text, a gated perceptron, each after a layer norm and added to what came.
///
/// Names as in diffusers' `BasicTransformerBlock`, with the two halves of its GEGLU by themselves.
struct TextTransformerBlock: Sendable {
    private let norm1, norm2, norm3: LayerNorm
    private let own, across: CrossAttention
    private let mlp: GatedFeedForward

    init(_ w: Weights, width: Int, heads: Int, contextWidth: Int) throws {
        func norm(_ name: String) throws -> LayerNorm { try LayerNorm(w[name], width: width, eps: 1e-5) }
        (norm1, norm2, norm3) = (try norm("norm1"), try norm("norm2"), try norm("norm3"))
        own = try CrossAttention(w["attn1"], width: width, heads: heads, bias: false)
        across = try CrossAttention(
            w["attn2"], width: width, heads: heads, contextWidth: contextWidth, bias: false)
        mlp = try GatedFeedForward(
            w["ff"], gate: "gate", up: "up", down: "down", width: width, inner: 4 * width, .gelu, bias: true)
    }

    /// Cells [B, N, D] and text [B, L, C] to [B, N, D].
    func callAsFunction(_ x: Tensor, _ text: Tensor) -> Tensor {
        let read = norm1(x)
        let mixed = own(read, reading: read, LinearEpilogue(residual: x))
        let told = across(norm2(mixed), reading: text, LinearEpilogue(residual: mixed))
        return mlp(norm3(told), LinearEpilogue(residual: told))
    }
}

/// A transformer block over the cells of a feature map, added to it.
///
/// Its projections are matrices or, in Stable Diffusion 1, convolutions of one cell, which are the same.
struct SpatialTransformer: Sendable {
    private let norm: GroupNorm
    private let input, output: Linear
    private let block: TextTransformerBlock

    init(_ w: Weights, channels: Int, heads: Int, _ c: UNetConfig) throws {
        norm = try c.norm(w["norm"], channels, eps: UNetConfig.attentionEps)
        input = try Linear(w["proj_in"], from: channels, to: channels)
        block = try TextTransformerBlock(
            w["transformer_blocks"][0], width: channels, heads: heads, contextWidth: c.contextWidth)
        output = try Linear(w["proj_out"], from: channels, to: channels)
    }

    /// [B, C, H, W] to the same.
    func callAsFunction(_ x: Tensor, _ conditions: UNetConditions) -> Tensor {
        let cells = norm(x).reshaped(x.shape[0], x.shape[1], x.shape[2] * x.shape[3]).transposed(1, 2)
        let mixed = output(block(input(cells), conditions.text))
        return x + mixed.transposed(1, 2).reshaped(x.shape)
    }
}
