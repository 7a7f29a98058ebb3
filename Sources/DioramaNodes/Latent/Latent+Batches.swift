import DioramaGraph
import DioramaNN
import DioramaTensor

extension Latent {
    /// Latent values that one graph may ask for at once: 4,096 megapixels of 8x latents with 16 channels.
    static let valueLimit = 1 << 30

    /// This latent with other values, [B, C, H, W].
    ///
    /// The mask stays, as in ComfyUI. The items' places in the noise stream stay where there are as many items as before.
    func with(samples: Tensor) -> Latent {
        Latent(
            samples: samples, batchIndex: batchIndex.flatMap { $0.count == samples.shape[0] ? $0 : nil },
            noiseMask: noiseMask)
    }

    /// Each item's place in the noise stream of the seed.
    var places: [Int] {
        guard let batchIndex, batchIndex.count == samples.shape[0] else {
            return Array(0..<samples.shape[0])
        }
        return batchIndex
    }

    /// The leading axis cut or repeated from its start to a count, 1 or more.
    static func repeated(_ items: Tensor, toCount count: Int) -> Tensor {
        let own = items.shape[0]
        if own >= count { return items[0..<count] }
        return items.repeated((count + own - 1) / own, axis: 0)[0..<count]
    }

    /// The values at the size of another latent, cut around the middle where the aspect differs.
    ///
    /// - Parameters:
    ///   - other: the latent to fit, [_, C, h, w].
    ///   - method: how values between cells are found.
    ///   - input: where this latent came in, for the error.
    ///   - context: makes the error.
    /// - Returns: [B, C, h, w].
    /// - Throws: an error naming the input where channels differ or the result would not fit in memory.
    func fitted(
        to other: Latent, by method: ResizeMethod = .bilinear, _ input: InputReference<Latent>,
        _ context: RunContext
    ) throws -> Tensor {
        let (shape, target) = (samples.shape, other.samples.shape)
        guard shape[1] == target[1] else {
            throw context.fail(
                input,
                "has \(shape[1]) channels and the other latent \(target[1]); both must be of the same kind of model"
            )
        }
        return try fitted(to: other, by: method, named: input.name, context)
    }

    /// The same for latents of equal channels, with the input's name.
    func fitted(
        to other: Latent, by method: ResizeMethod = .bilinear, named input: String, _ context: RunContext
    ) throws -> Tensor {
        let (shape, target) = (samples.shape, other.samples.shape)
        guard shape.dims[2...] != target.dims[2...] else { return samples }
        _ = try newShape([shape[0], shape[1], target[2], target[3]], askedBy: input, context)
        return resized(samples, height: target[2], width: target[3], by: method, crop: .center)
    }

    /// Ends the node where a latent of these extents would not fit in memory.
    static func check<Value>(
        values extents: Int..., of input: InputReference<Value>, _ context: RunContext
    ) throws {
        var values = 1
        for extent in extents {
            let (product, overflow) = values.multipliedReportingOverflow(by: extent)
            guard !overflow, product <= valueLimit else {
                throw context.fail(
                    input, "asks for more than the \(valueLimit) latent values that are allowed; ask for less"
                )
            }
            values = product
        }
    }
}
