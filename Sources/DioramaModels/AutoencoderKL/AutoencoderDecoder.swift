import DioramaNN
import DioramaTensor
import DioramaWeights

/// From a latent to pixels.
struct AutoencoderDecoder: Sendable {
    private let input: Conv2d
    private let mid: MidBlock
    private let levels: [UpBlock]
    private let norm: GroupNorm
    private let output: Conv2d

    init(_ w: Weights, _ c: AutoencoderKLConfig) throws {
        let channels = Array(c.decoderChannels.reversed())
        input = try Conv2d(w["conv_in"], from: c.encodedChannels, to: channels[0], kernel: 3, padding: 1)
        mid = try MidBlock(w["mid_block"], channels: channels[0], c)
        levels = try channels.indices.map { level in
            try UpBlock(
                w["up_blocks"][level], from: channels[max(level - 1, 0)], to: channels[level],
                isLast: level == channels.count - 1, c)
        }
        norm = try c.norm(w["conv_norm_out"], c.decoderChannels[0])
        output = try Conv2d(
            w["conv_out"], from: c.decoderChannels[0], to: c.outputChannels, kernel: 3, padding: 1)
    }

    /// [B, C, h, w] to [B, 3, h f, w f].
    func callAsFunction(_ latent: Tensor) -> Tensor {
        finish(start(latent, levels: levels.count), from: levels.count) { $0.cellAffine($1) }.channelsFirst
    }

    /// The middle and the first `count` levels, of [B, C, h, w]: channels are last from here on.
    func start(_ latent: Tensor, levels count: Int) -> Tensor {
        var x = mid(input.cells(latent.channelsLast))
        for level in levels[..<count] { x = level(consume x) { $0.cellAffine($1) } }
        return x
    }

    /// The levels from `level` on and all that follows: the picture, channels last.
    func finish(_ x: consuming Tensor, from level: Int, _ normalize: Normalize) rethrows -> Tensor {
        var y = consume x
        for level in levels[level...] { y = try level(consume y, normalize) }
        return output.cells(y, ConvPrologue(affine: try normalize(norm, y), silu: true), storage: .f32)
    }
}
