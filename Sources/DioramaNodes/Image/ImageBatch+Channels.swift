import DioramaGraph
import DioramaTensor

extension ImageBatch {
    /// These pictures with an opaque alpha channel, if that is all they lack of another batch's channels.
    func withOpaqueAlpha(toMatch other: ImageBatch) -> ImageBatch {
        guard channels + 1 == other.channels else { return self }
        return ImageBatch(pixels: pixels.padded([(axis: 3, before: 0, after: 1)], value: 1))
    }

    /// These pictures with the channels of those they are laid over: alpha that is too much is left out, missing alpha is
    /// opaque.
    ///
    /// - Throws: an error naming the input for channels that differ by more.
    func withChannels(
        of other: ImageBatch, _ input: InputReference<ImageBatch>, _ context: RunContext
    ) throws -> ImageBatch {
        let matched =
            channels > other.channels
            ? ImageBatch(pixels: pixels.narrowed(axis: 3, 0..<other.channels))
            : withOpaqueAlpha(toMatch: other)
        guard matched.channels == other.channels else {
            throw context.fail(
                input,
                "has \(channels) channels, the other picture has \(other.channels); only alpha may be missing"
            )
        }
        return matched
    }

    /// The colors, `[B, H, W, 3]`, without alpha.
    ///
    /// - Throws: an error naming the input for pictures without three colors.
    func colors(_ input: InputReference<ImageBatch>, _ context: RunContext) throws -> Tensor {
        guard channels >= 3 else {
            throw context.fail(
                input, "has \(channels) channel\(channels == 1 ? "" : "s"); red, green and blue are needed")
        }
        return pixels.narrowed(axis: 3, 0..<3)
    }
}
