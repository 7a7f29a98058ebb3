import DioramaGraph
import DioramaNN
import DioramaTensor

/// The methods of resizing that pictures have, in ComfyUI's order.
let imageMethods = ["nearest-exact", "bilinear", "area", "bicubic", "lanczos"]

extension ImageBatch {
    /// Pictures of another size.
    ///
    /// - Parameters:
    ///   - size: the new one.
    ///   - method: one of `imageMethods`.
    ///   - crop: `disabled` or `center`.
    ///   - input: the name of the input that asks for the size; nil where that is width and height.
    ///   - context: the node's.
    /// - Returns: as many pictures of that size.
    /// - Throws: an error naming the input for an empty size and for one beyond memory.
    func resized(
        to size: NewSize, _ method: String, _ crop: String = "disabled", askedBy input: String? = nil,
        _ context: RunContext
    ) throws -> ImageBatch {
        if let input {
            _ = try newShape([count, size.height, size.width, channels], askedBy: input, context)
        }
        let planes = pixels.permuted(0, 3, 1, 2)
        return ImageBatch(
            pixels: try DioramaNodes.resized(planes, to: size, method, crop, context).permuted(0, 2, 3, 1))
    }
}

extension Mask {
    /// Masks of another size.
    ///
    /// - Parameters:
    ///   - size: the new one.
    ///   - method: one of `imageMethods`.
    ///   - crop: `disabled` or `center`.
    ///   - input: the name of the input that asks for the size.
    ///   - context: the node's.
    /// - Returns: as many masks of that size.
    /// - Throws: an error naming the input for an empty size and for one beyond memory.
    func resized(
        to size: NewSize, _ method: String, _ crop: String = "disabled", askedBy input: String,
        _ context: RunContext
    ) throws -> Mask {
        let old = coverage.shape
        guard old[1] != size.height || old[2] != size.width else { return self }
        let shape = try newShape([old[0], size.height, size.width], askedBy: input, context)
        let planes = coverage.reshaped(old[0], 1, old[1], old[2])
        return Mask(
            coverage: try DioramaNodes.resized(planes, to: size, method, crop, context).reshaped(shape))
    }

    /// How many masks.
    var count: Int { coverage.shape[0] }
}
