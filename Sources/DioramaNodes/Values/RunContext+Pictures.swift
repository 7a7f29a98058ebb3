import DioramaGraph
import DioramaTensor

// Nodes of a user's own may make values of any shape; what others compute with needs rows, columns and channels.
extension RunContext {
    /// The pictures of an input, at least one, each of at least one pixel.
    ///
    /// - Throws: an error naming the input for values that other nodes made wrong.
    func pictures(_ input: InputReference<ImageBatch>) throws -> ImageBatch {
        guard let images = try checked(input.literal, input.name) else {
            throw fail(input, "holds no pictures")
        }
        return images
    }

    /// The pictures of an input, if there are any.
    ///
    /// - Throws: an error naming the input for values that other nodes made wrong.
    func pictures(_ input: InputReference<ImageBatch?>) throws -> ImageBatch? {
        try checked(input.literal ?? nil, input.name)
    }

    /// The masks of an input, at least one, each of at least one pixel.
    ///
    /// - Throws: an error naming the input for values that other nodes made wrong.
    func masks(_ input: InputReference<Mask>) throws -> Mask {
        guard let masks = try checked(input.literal, input.name) else { throw fail(input, "holds no masks") }
        return masks
    }

    /// The masks of an input, if there are any.
    ///
    /// - Throws: an error naming the input for values that other nodes made wrong.
    func masks(_ input: InputReference<Mask?>) throws -> Mask? {
        try checked(input.literal ?? nil, input.name)
    }

    private func checked(_ images: ImageBatch?, _ input: String) throws -> ImageBatch? {
        guard let shape = images?.pixels.shape, shape.rank != 4 || shape.count == 0 else { return images }
        throw fail(input, "holds no pictures; those are [B, H, W, C], and this is \(shape)")
    }

    private func checked(_ masks: Mask?, _ input: String) throws -> Mask? {
        guard let shape = masks?.coverage.shape, shape.rank != 3 || shape.count == 0 else { return masks }
        throw fail(input, "holds no masks; those are [B, H, W], and this is \(shape)")
    }
}
