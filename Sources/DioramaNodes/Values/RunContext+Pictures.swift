import DioramaGraph
import DioramaTensor

extension RunContext {
    /// The pictures of an input, at least one, each of at least one pixel.
    ///
    /// - Throws: an error naming the input for values that other nodes made wrong.
    func pictures(_ input: InputReference<ImageBatch>) throws -> ImageBatch {
        guard let images = input.literal, images.pixels.rank == 4, images.pixels.count > 0 else {
            throw fail(input, "holds no pictures; those are [B, H, W, C]\(found(input.literal?.pixels))")
        }
        return images
    }

    /// The masks of an input, at least one, each of at least one pixel.
    ///
    /// - Throws: an error naming the input for values that other nodes made wrong.
    func masks(_ input: InputReference<Mask>) throws -> Mask {
        guard let masks = input.literal, masks.coverage.rank == 3, masks.coverage.count > 0 else {
            throw fail(input, "holds no masks; those are [B, H, W]\(found(input.literal?.coverage))")
        }
        return masks
    }

    private func found(_ tensor: Tensor?) -> String {
        tensor.map { ", and this is \($0.shape)" } ?? ""
    }
}
