import DioramaNN
import DioramaTensor
import DioramaWeights

/// A residual block and, at levels that attend, a transformer.
struct UNetLayer: Sendable {
    private let resnet: TimedResnetBlock
    private let attention: SpatialTransformer?

    /// Takes number `index` of a level's residual blocks and transformers.
    init(_ w: Weights, _ index: Int, from input: Int, level: Int, _ c: UNetConfig) throws {
        let channels = c.channels[level]
        resnet = try TimedResnetBlock(w["resnets"][index], from: input, to: channels, c)
        attention =
            c.hasAttention[level]
            ? try SpatialTransformer(w["attentions"][index], channels: channels, heads: c.heads[level], c)
            : nil
    }

    /// [B, in, H, W] to [B, out, H, W].
    func callAsFunction(_ x: Tensor, _ conditions: UNetConditions) -> Tensor {
        let y = resnet(x, conditions)
        return attention?(y, conditions) ?? y
    }
}

/// A level on the way down: layers, then half the resolution (but at the last level).
struct UNetDownLevel: Sendable {
    private let layers: [UNetLayer]
    private let downsample: Conv2d?

    init(_ w: Weights, level: Int, _ c: UNetConfig) throws {
        let (channels, isLast) = (c.channels[level], level == c.channels.count - 1)
        layers = try (0..<c.layersPerLevel).map {
            try UNetLayer(
                w, $0, from: $0 == 0 ? c.channels[max(level - 1, 0)] : channels, level: level, c)
        }
        downsample =
            isLast
            ? nil
            : try Conv2d(
                w["downsamplers.0.conv"], from: channels, to: channels, kernel: 3, stride: 2, padding: 1)
    }

    /// [B, in, H, W] to [B, out, ⌈H / 2⌉, ⌈W / 2⌉]; every feature map on the way is added to `skips`.
    func callAsFunction(_ x: Tensor, _ conditions: UNetConditions, skips: inout [Tensor]) -> Tensor {
        var y = x
        for layer in layers {
            y = layer(y, conditions)
            skips.append(y)
        }
        guard let downsample else { return y }
        y = downsample(y)
        skips.append(y)
        return y
    }
}

/// The middle: a residual block, a transformer, a residual block.
struct UNetMiddle: Sendable {
    private let first, second: TimedResnetBlock
    private let attention: SpatialTransformer

    init(_ w: Weights, channels: Int, heads: Int, _ c: UNetConfig) throws {
        first = try TimedResnetBlock(w["resnets"][0], from: channels, to: channels, c)
        attention = try SpatialTransformer(w["attentions"][0], channels: channels, heads: heads, c)
        second = try TimedResnetBlock(w["resnets"][1], from: channels, to: channels, c)
    }

    /// [B, C, H, W] to the same.
    func callAsFunction(_ x: Tensor, _ conditions: UNetConditions) -> Tensor {
        second(attention(first(x, conditions), conditions), conditions)
    }
}

/// A level on the way up: layers that each see a feature map of the way down beside their own, then twice the resolution (but at the
/// finest level).
struct UNetUpLevel: Sendable {
    private let layers: [UNetLayer]
    private let upsample: Conv2d?

    /// Takes `up_blocks` number `index`, which is the coarsest for 0.
    init(_ w: Weights, index: Int, _ c: UNetConfig) throws {
        let level = c.channels.count - 1 - index
        let (channels, finer) = (c.channels[level], c.channels[max(level - 1, 0)])
        let coarser = c.channels[min(level + 1, c.channels.count - 1)]
        layers = try (0...c.layersPerLevel).map {
            let skip = $0 == c.layersPerLevel ? finer : channels
            return try UNetLayer(w, $0, from: ($0 == 0 ? coarser : channels) + skip, level: level, c)
        }
        upsample =
            level == 0
            ? nil
            : try Conv2d(w["upsamplers.0.conv"], from: channels, to: channels, kernel: 3, padding: 1)
    }

    /// [B, in, H, W] to [B, out, 2 H, 2 W], or as large as the next of `skips`, the last of which are taken.
    func callAsFunction(_ x: Tensor, _ conditions: UNetConditions, skips: inout [Tensor]) -> Tensor {
        var y = x
        for layer in layers {
            y = layer(.concatenated([y, skips.removeLast()], axis: 1), conditions)
        }
        guard let upsample, let next = skips.last else { return y }
        guard next.shape[2] == 2 * y.shape[2], next.shape[3] == 2 * y.shape[3] else {
            // An odd side was rounded up on the way down.
            let large = upsampleNearest(y, by: 2).narrowed(axis: 2, 0..<next.shape[2])
                .narrowed(axis: 3, 0..<next.shape[3])
            return upsample.same(large, storage: .f32)
        }
        return upsample.same(y, ConvPrologue(upsampling: 2), storage: .f32)
    }
}
