import DioramaNN
import DioramaTensor
import DioramaWeights

/// What a group norm does to the channels of what comes to it, [B, H, W, C], as [B, 2, C]: by its own statistics in one piece; tiles share
/// those of the whole picture.
typealias Normalize = (GroupNorm, Tensor) throws -> Tensor

// Feature maps are [B, H, W, C] from the first convolution to the last.

extension GroupNorm {
    /// The scales and shifts of the channels of a feature map, by its own statistics: [B, 2, C].
    func cellAffine(_ x: Tensor) -> Tensor { affine(x, layout: .channelsLast) }
}

extension Conv2d {
    /// The convolution of a feature map [B, H, W, in] with what precedes and follows it, as ``same(_:_:residual:storage:layout:)``.
    func cells(
        _ x: consuming Tensor, _ prologue: ConvPrologue = ConvPrologue(), residual: consuming Tensor? = nil,
        storage: DType? = nil
    ) -> Tensor {
        same(consume x, prologue, residual: consume residual, storage: storage, layout: .channelsLast)
    }
}

extension AutoencoderKLConfig {
    /// Added to the variance in all group norms.
    static let eps: Float = 1e-6

    func norm(_ w: Weights, _ channels: Int) throws -> GroupNorm {
        try GroupNorm(w, channels: channels, groups: groups, eps: Self.eps)
    }
}

/// Two convolutions, each after norm and SiLU, added to the input.
struct ResnetBlock: Sendable {
    private let norm1, norm2: GroupNorm
    private let conv1, conv2: Conv2d
    private let shortcut: Conv2d?

    init(_ w: Weights, from input: Int, to output: Int, _ c: AutoencoderKLConfig) throws {
        norm1 = try c.norm(w["norm1"], input)
        conv1 = try Conv2d(w["conv1"], from: input, to: output, kernel: 3, padding: 1)
        norm2 = try c.norm(w["norm2"], output)
        conv2 = try Conv2d(w["conv2"], from: output, to: output, kernel: 3, padding: 1)
        shortcut = input == output ? nil : try Conv2d(w["conv_shortcut"], from: input, to: output, kernel: 1)
    }

    /// [B, H, W, in] to [B, H, W, out].
    ///
    /// What it is given for good (`consume`) it writes over, first by the shortcut and then by the sum, so that beside it there is one
    /// feature map of `out` channels and no third.
    func callAsFunction(_ x: consuming Tensor, _ normalize: Normalize) rethrows -> Tensor {
        let hidden = conv1.cells(copy x, ConvPrologue(affine: try normalize(norm1, x), silu: true))
        let kept = if let shortcut { shortcut.cells(consume x) } else { consume x }
        return conv2.cells(
            hidden, ConvPrologue(affine: try normalize(norm2, hidden), silu: true), residual: consume kept)
    }

    /// How far a cell's influence reaches.
    static let reach = 2
}

/// Attention among all cells, one head.
struct CellAttention: Sendable {
    private let norm: GroupNorm
    private let query, key, value, output: Linear

    init(_ w: Weights, channels: Int, _ c: AutoencoderKLConfig) throws {
        norm = try c.norm(w["group_norm"], channels)
        // Checkpoints of before diffusers 0.15 have the second names.
        func projection(_ name: String, _ oldName: String) throws -> Linear {
            let current = w.contains(oldName + ".weight") ? oldName : name
            return try Linear(w[current], from: channels, to: channels)
        }
        query = try projection("to_q", "query")
        key = try projection("to_k", "key")
        value = try projection("to_v", "value")
        output = try projection("to_out.0", "proj_attn")
    }

    /// [B, H, W, C] to the same.
    func callAsFunction(_ x: Tensor) -> Tensor {
        let (batch, channels) = (x.shape[0], x.shape[3])
        let cells = x.asType(.f32).reshaped(batch, x.shape[1] * x.shape[2], channels)
        let affine = norm.affine(cells, layout: .channelsLast)
        let normed = cells * affine.narrowed(axis: 1, 0..<1) + affine.narrowed(axis: 1, 1..<2)
        let images = (0..<batch).map { mixed(normed[$0..<$0 + 1]) }
        let all = batch == 1 ? images[0] : .concatenated(images, axis: 0)
        return output(all, LinearEpilogue(residual: cells)).reshaped(x.shape)
    }

    /// Queries whose scores are in memory at a time.
    private static let queryBlock = 1024

    /// What each cell takes from all, [1, L, C] to the same.
    ///
    /// With one head of hundreds of elements, scores are a product like any other.
    private func mixed(_ cells: Tensor) -> Tensor {
        let (count, channels) = (cells.shape[1], cells.shape[2])
        let queries = query(cells).reshaped(count, channels) * (1 / Float(channels).squareRoot())
        let keys = key(cells).reshaped(count, channels)
        let values = value(cells).reshaped(count, channels).transposed(0, 1)
        let blocks = stride(from: 0, to: count, by: Self.queryBlock).map { first in
            let some = queries[first..<min(first + Self.queryBlock, count)]
            let weights = softmax(linear(some, keys, precision: query.precision))
            return linear(weights, values, precision: query.precision)
        }
        return (blocks.count == 1 ? blocks[0] : .concatenated(blocks, axis: 0)).reshaped(1, count, channels)
    }
}

/// The middle of encoder and decoder: a residual block, attention, a residual block.
struct MidBlock: Sendable {
    private let first, second: ResnetBlock
    private let attention: CellAttention?

    init(_ w: Weights, channels: Int, _ c: AutoencoderKLConfig) throws {
        first = try ResnetBlock(w["resnets"][0], from: channels, to: channels, c)
        attention = c.hasMidAttention ? try CellAttention(w["attentions"][0], channels: channels, c) : nil
        second = try ResnetBlock(w["resnets"][1], from: channels, to: channels, c)
    }

    /// [B, H, W, C] to the same.
    func callAsFunction(_ x: Tensor) -> Tensor {
        let y = first(x) { $0.cellAffine($1) }
        return second(attention?(y) ?? y) { $0.cellAffine($1) }
    }
}

/// One level of the encoder: residual blocks, then half the resolution (but at the last level).
struct DownBlock: Sendable {
    private let resnets: [ResnetBlock]
    private let downsample: Conv2d?

    init(_ w: Weights, from input: Int, to output: Int, isLast: Bool, _ c: AutoencoderKLConfig) throws {
        resnets = try (0..<c.layersPerLevel).map {
            try ResnetBlock(w["resnets"][$0], from: $0 == 0 ? input : output, to: output, c)
        }
        downsample =
            isLast
            ? nil
            : try Conv2d(
                w["downsamplers.0.conv"], from: output, to: output, kernel: 3, stride: 2, paddingAfter: 1)
    }

    /// [B, H, W, in] to [B, H / 2, W / 2, out].
    func callAsFunction(_ x: consuming Tensor, _ normalize: Normalize) rethrows -> Tensor {
        var y = consume x
        for resnet in resnets { y = try resnet(consume y, normalize) }
        guard let downsample else { return y }
        return downsample.cells(consume y)
    }
}

/// One level of the decoder: residual blocks, then twice the resolution (but at the last level).
struct UpBlock: Sendable {
    private let resnets: [ResnetBlock]
    private let upsample: Conv2d?

    init(_ w: Weights, from input: Int, to output: Int, isLast: Bool, _ c: AutoencoderKLConfig) throws {
        resnets = try (0...c.layersPerLevel).map {
            try ResnetBlock(w["resnets"][$0], from: $0 == 0 ? input : output, to: output, c)
        }
        upsample =
            isLast ? nil : try Conv2d(w["upsamplers.0.conv"], from: output, to: output, kernel: 3, padding: 1)
    }

    /// [B, H, W, in] to [B, 2 H, 2 W, out].
    func callAsFunction(_ x: consuming Tensor, _ normalize: Normalize) rethrows -> Tensor {
        var y = consume x
        for resnet in resnets { y = try resnet(consume y, normalize) }
        guard let upsample else { return y }
        return upsample.cells(consume y, ConvPrologue(upsampling: 2))
    }
}
