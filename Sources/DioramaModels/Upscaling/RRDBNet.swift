import DioramaNN
public import DioramaTensor
import DioramaWeights

/// ESRGAN's network: residual dense blocks at the picture's own size, then doublings.
///
/// ESRGAN, Real-ESRGAN, BSRGAN, RealSR and ESRGAN+ are weights of it; names of layers as in Real-ESRGAN. Source: Wang et al., "ESRGAN:
/// Enhanced Super-Resolution Generative Adversarial Networks" (2018), and spandrel for how files are read.
public struct RRDBNet: UpscaleModel {
    let config: RRDBConfig
    private let first: Conv2d, body: [RRDB], end: Conv2d
    private let doublings: [Conv2d]
    private let fine: Conv2d, last: Conv2d

    /// Takes the weights.
    ///
    /// - Throws: `WeightsError` where a tensor is missing or of another shape.
    init(_ w: Weights, _ config: RRDBConfig) throws {
        self.config = config
        let width = config.width
        func conv(_ name: String, from input: Int, to output: Int) throws -> Conv2d {
            try Conv2d(w[name], from: input, to: output, kernel: 3, padding: 1)
        }
        first = try conv(
            "conv_first", from: config.inputChannels * config.unshuffle * config.unshuffle, to: width)
        body = try (0..<config.blocks).map { try RRDB(w["body"][$0], config) }
        end = try conv("conv_body", from: width, to: width)
        doublings = try (0..<config.doublings).map { try conv("conv_up\($0 + 1)", from: width, to: width) }
        fine = try conv("conv_hr", from: width, to: width)
        last = try conv("conv_last", from: width, to: config.outputChannels)
    }

    /// Channels of the pictures it takes.
    public var inputChannels: Int { config.inputChannels }
    /// Channels of the pictures it makes.
    public var outputChannels: Int { config.outputChannels }
    /// How many times larger its pictures are each way.
    public var scale: Int { config.scale }

    /// Side of the pieces in which the last steps are computed, and how far these reach, in cells of the blocks.
    private static let piece = 128, reach = 2

    /// [B, C, H, W] to [B, C', H · scale, W · scale].
    public func callAsFunction(_ image: Tensor) -> Tensor {
        let (height, width) = (image.shape[2], image.shape[3])
        var x = image
        if config.unshuffle > 1 {
            // As spandrel pads pictures for either factor.
            x = pixelUnshuffle(x.reflected(toMultipleOf: 4), by: config.unshuffle)
        }
        // Channels are last between the first convolution and the last.
        x = first.same(x.channelsLast, storage: .f32, layout: .channelsLast)
        x = end.same(body.reduce(x) { $1($0) }, residual: x, storage: .f32, layout: .channelsLast)
        let larger = finish(x).channelsFirst
        return larger.narrowed(axis: 2, 0..<height * scale).narrowed(axis: 3, 0..<width * scale)
    }

    /// The steps that make the picture larger, piece by piece with a margin: what is kept is what the whole would give.
    private func finish(_ x: Tensor) -> Tensor {
        let grid = TileGrid(
            height: x.shape[1], width: x.shape[2], tile: Self.piece, margin: Self.reach)
        let rows = grid.rows.map { rows in
            let strip = x.narrowed(axis: 1, rows.outer)
            return Tensor.concatenated(
                grid.columns.map {
                    finished(strip.narrowed(axis: 2, $0.outer)).kept(rows, $0, axis: 1)
                }, axis: 2)
        }
        return .concatenated(rows, axis: 1)
    }

    private func finished(_ x: Tensor) -> Tensor {
        var x = x
        for doubling in doublings {
            x = leakyReLU(
                doubling.same(x, ConvPrologue(upsampling: 2), storage: .f32, layout: .channelsLast),
                slope: RRDBConfig.slope)
        }
        x = leakyReLU(fine.same(x, storage: .f32, layout: .channelsLast), slope: RRDBConfig.slope)
        return last.same(x, storage: .f32, layout: .channelsLast)
    }
}

extension Tensor {
    /// A picture [B, C, H, W] grown at the bottom and on the right to sides that are multiples of a number, by its reflection, and by its
    /// last row or column where there is no more to reflect.
    fileprivate func reflected(toMultipleOf multiple: Int) -> Tensor {
        [2, 3].reduce(self) { picture, axis in
            let length = picture.shape[axis]
            let missing = (multiple - length % multiple) % multiple
            let reflected = Swift.min(missing, length - 1)
            guard missing > 0 else { return picture }
            var parts = [picture]
            if reflected > 0 {
                parts.append(
                    picture.narrowed(axis: axis, length - 1 - reflected..<length - 1).flipped(axis: axis))
            }
            if missing > reflected {
                let edge = Tensor.concatenated(parts, axis: axis)
                let last = edge.narrowed(axis: axis, edge.shape[axis] - 1..<edge.shape[axis])
                parts.append(last.repeated(missing - reflected, axis: axis))
            }
            return .concatenated(parts, axis: axis)
        }
    }
}
