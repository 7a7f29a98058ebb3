import DioramaNN
public import DioramaTensor
import DioramaWeights

/// Real-ESRGAN's compact network (SRVGGNetCompact): convolutions at the picture's own size, whose last makes the pixels that are added to
/// the repeated picture.
public struct CompactUpscaler: UpscaleModel {
    /// Channels of the pictures it takes and makes.
    public let inputChannels: Int
    /// How many times larger its pictures are each way.
    public let scale: Int
    private let layers: [Layer]

    private struct Layer: Sendable {
        let conv: Conv2d
        /// Of the rectifier that follows; nil behind the last.
        let slopes: Tensor?
    }

    /// Channels of the pictures it makes.
    public var outputChannels: Int { inputChannels }

    /// Takes the weights of `body`, convolutions and slopes in turn.
    ///
    /// - Throws: `WeightsError` where a tensor is missing or of another shape.
    init(_ w: Weights, _ config: CompactConfig) throws {
        (inputChannels, scale) = (config.channels, config.scale)
        let body = w["body"]
        layers = try (0...config.convs).map { number in
            let (isFirst, isLast) = (number == 0, number == config.convs)
            let conv = try Conv2d(
                body[2 * number], from: isFirst ? config.channels : config.width,
                to: isLast ? config.channels * config.scale * config.scale : config.width, kernel: 3,
                padding: 1)
            let slopes = isLast ? nil : try body[2 * number + 1].tensor("weight", [config.width]).asType(.f32)
            return Layer(conv: conv, slopes: slopes)
        }
    }

    /// [B, C, H, W] to [B, C, H · scale, W · scale].
    public func callAsFunction(_ image: Tensor) -> Tensor {
        let x = layers.reduce(image) { x, layer in
            let y = layer.conv.same(x, storage: .f32)
            return layer.slopes.map { leakyReLU(y, slopes: $0) } ?? y
        }
        return pixelShuffle(x, by: scale) + upsampleNearest(image, by: scale)
    }
}

/// The sizes of a compact network, read off the keys and shapes of its file.
struct CompactConfig: Sendable, Hashable {
    /// Channels of pictures, and between convolutions.
    let channels: Int, width: Int
    /// Convolutions before the last.
    let convs: Int
    /// How many times larger its pictures are each way.
    let scale: Int

    /// - Parameter shapes: the file's.
    /// - Throws: `WeightsError` where shapes do not fit together.
    init(_ shapes: FileShapes) throws {
        let steps = shapes.blocks("body")
        let first = try shapes.shape("body.0.weight", rank: 4)
        let last = try shapes.shape("body.\(steps - 1).weight", rank: 4)
        let channels = first[1]
        let side = (1...8).first { channels * $0 * $0 == last[0] }
        guard let side, steps >= 3, !steps.isMultiple(of: 2) else {
            throw WeightsError(
                shapes.source.place,
                "has \(steps) steps under body, the last of \(last[0]) channels; expected convolutions and slopes in turn, and at last "
                    + "\(channels) channels times the square of a factor of up to 8")
        }
        (self.channels, width, convs, scale) = (channels, first[0], steps / 2, side)
    }
}
