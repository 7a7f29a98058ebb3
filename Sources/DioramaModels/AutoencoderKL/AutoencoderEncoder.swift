import DioramaNN
import DioramaTensor
import DioramaWeights

/// From pixels to the parameters of the latent's distribution.
struct AutoencoderEncoder: Sendable {
    private let input: Conv2d
    private let levels: [DownBlock]
    private let mid: MidBlock
    private let norm: GroupNorm
    private let output: Conv2d

    init(_ w: Weights, _ c: AutoencoderKLConfig) throws {
        let (first, last) = (c.channels[0], c.channels[c.channels.count - 1])
        input = try Conv2d(w["conv_in"], from: c.inputChannels, to: first, kernel: 3, padding: 1)
        levels = try c.channels.indices.map { level in
            try DownBlock(
                w["down_blocks"][level], from: c.channels[max(level - 1, 0)], to: c.channels[level],
                isLast: level == c.channels.count - 1, c)
        }
        mid = try MidBlock(w["mid_block"], channels: last, c)
        norm = try c.norm(w["conv_norm_out"], last)
        output = try Conv2d(w["conv_out"], from: last, to: 2 * c.encodedChannels, kernel: 3, padding: 1)
    }

    /// [B, 3, H, W] to [B, 2 C, H / f, W / f].
    func callAsFunction(_ image: Tensor) -> Tensor {
        finish(start(image.channelsLast, levels: levels.count) { $0.cellAffine($1) }, from: levels.count)
    }

    /// The first `count` levels, of a picture with channels last.
    func start(_ image: consuming Tensor, levels count: Int, _ normalize: Normalize) rethrows -> Tensor {
        var x = input.cells(consume image)
        for level in levels[..<count] { x = try level(consume x, normalize) }
        return x
    }

    /// The levels from `level` on and all that follows: [B, 2 C, H / f, W / f].
    func finish(_ x: consuming Tensor, from level: Int) -> Tensor {
        var y = consume x
        for level in levels[level...] { y = level(consume y) { $0.cellAffine($1) } }
        y = mid(y)
        return output.cells(y, ConvPrologue(affine: norm.cellAffine(y), silu: true), storage: .f32)
            .channelsFirst
    }
}
