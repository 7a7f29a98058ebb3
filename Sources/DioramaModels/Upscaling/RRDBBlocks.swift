import DioramaNN
import DioramaTensor
import DioramaWeights

/// A residual in residual of dense blocks (RRDB): three of them, of whose result a fifth is added.
struct RRDB: Sendable {
    private let blocks: [DenseBlock]

    init(_ w: Weights, _ config: RRDBConfig) throws {
        blocks = try (1...3).map { try DenseBlock(w["rdb\($0)"], config) }
    }

    /// [B, H, W, C] to the same.
    func callAsFunction(_ x: Tensor) -> Tensor {
        blocks.reduce(x) { $1($0) } * RRDBConfig.residualScale + x
    }
}

/// Five convolutions, each of which sees what all before it have seen and made; of the last a fifth is added.
struct DenseBlock: Sendable {
    private let convs: [Conv2d]
    /// ESRGAN+ has a shorter way beside the second and the fourth: [growth, C, 1, 1].
    private let shortcut: Tensor?
    private let precision: Precision

    init(_ w: Weights, _ config: RRDBConfig) throws {
        let (width, growth) = (config.width, config.growth)
        convs = try (0..<5).map { index in
            try Conv2d(
                w["conv\(index + 1)"], from: width + index * growth, to: index == 4 ? width : growth,
                kernel: 3,
                padding: 1)
        }
        shortcut = config.hasShortcuts ? try w.tensor("conv1x1.weight", [growth, width, 1, 1]) : nil
        precision = shortcut.map { w.precision(of: $0) } ?? .f32
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
        var seen = x
        var beside = shortcut.map { sameConv2d(x, weight: $0, precision: precision, layout: .channelsLast) }
        for (index, conv) in convs.dropLast().enumerated() {
            var made = leakyReLU(
                conv.same(seen, storage: .f32, layout: .channelsLast), slope: RRDBConfig.slope)
            if !index.isMultiple(of: 2), let other = beside {
                made = made + other
                beside = made
            }
            seen = .concatenated([seen, made], axis: 3)
        }
        return convs[4].same(seen, storage: .f32, layout: .channelsLast) * RRDBConfig.residualScale + x
    }
}
