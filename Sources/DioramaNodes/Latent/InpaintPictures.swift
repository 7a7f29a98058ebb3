import DioramaGraph
import DioramaNN
import DioramaTensor

/// Pictures of which a part shall be made anew, and where.
struct InpaintPictures {
    /// The pictures.
    let images: ImageBatch
    /// Coverage at the pictures' size, [1 or B, H, W].
    private let mask: Tensor

    /// Scales masks to the pictures' size, bilinearly and without antialiasing.
    ///
    /// - Parameters:
    ///   - images: the pictures.
    ///   - masks: one for all of them, or one for each, of any size.
    ///   - context: of the node.
    /// - Throws: an error naming the input for values that are no pictures or masks, and for another number of masks.
    init(
        _ images: InputReference<ImageBatch>, _ masks: InputReference<Mask>, _ context: RunContext
    ) throws {
        self.images = try context.pictures(images)
        let coverage = try context.masks(masks).coverage
        let (count, height, width) = (coverage.shape[0], coverage.shape[1], coverage.shape[2])
        guard count == 1 || count == self.images.count else {
            throw context.fail(
                masks,
                "holds \(count) masks, and there \(self.images.count == 1 ? "is 1 picture" : "are \(self.images.count) pictures"); "
                    + "give one mask for all, or one for each")
        }
        let size = (height: self.images.height, width: self.images.width)
        mask =
            (height, width) == (size.height, size.width)
            ? coverage
            : resized(
                coverage.reshaped(count, 1, height, width), height: size.height, width: size.width,
                by: .bilinear
            ).reshaped(count, size.height, size.width)
    }

    /// The pictures with gray, 0.5, where masks cover half or more; alpha is left out.
    var grayed: ImageBatch {
        let keeps = Tensor.full(1, mask.shape, on: mask.device) - rounded(mask)
        let colors = images.pixels.narrowed(axis: 3, 0..<min(3, images.channels))
        return ImageBatch(
            pixels: (colors - 0.5) * keeps.reshaped(mask.shape[0], images.height, images.width, 1) + 0.5)
    }

    /// The masks as an autoencoder's latents know them: cut around the middle as the pictures are.
    ///
    /// - Parameter factor: how many pixels the side of a latent's cell has.
    /// - Returns: coverage, [1 or B, H, W] with sides that are multiples of the factor.
    func noiseMask(factor: Int) -> Mask { Mask(coverage: cut(mask, factor)) }

    /// What masks cover by half or more and a margin around it, cut as ``noiseMask(factor:)``; 0 or 1.
    ///
    /// - Parameters:
    ///   - pixels: the side of the square that each covered pixel becomes; an even one reaches further right and down.
    ///   - factor: how many pixels the side of a latent's cell has.
    /// - Returns: coverage, [1 or B, H, W] with sides that are multiples of the factor.
    func noiseMask(grownBy pixels: Int, factor: Int) -> Mask {
        let whole = rounded(cut(mask, factor))
        guard pixels > 0 else { return Mask(coverage: whole) }
        let (before, after) = (pixels / 2, (pixels - 1) / 2)
        let rows = slidingExtreme(.greatest, of: whole, axis: 1, before: before, after: after)
        return Mask(
            coverage: slidingExtreme(.greatest, of: rows, axis: 2, before: before, after: after).clamped(0, 1)
        )
    }

    /// Whole numbers; halves go to the even one.
    private func rounded(_ coverage: Tensor) -> Tensor {
        coverage.mapped { $0.rounded(.toNearestOrEven) }
    }

    private func cut(_ coverage: Tensor, _ factor: Int) -> Tensor {
        let (height, width) = (images.height / factor * factor, images.width / factor * factor)
        let (top, left) = ((images.height - height) / 2, (images.width - width) / 2)
        return coverage.narrowed(axis: 1, top..<top + height).narrowed(axis: 2, left..<left + width)
    }
}
