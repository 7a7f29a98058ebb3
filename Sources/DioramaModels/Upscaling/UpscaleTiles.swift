public import DioramaTensor

/// Tiles that overlap and are blended where they do, which bounds the memory that a picture takes: ComfyUI's `tiled_scale`.
///
/// A tile counts less and less towards its edges, over as many pixels as two tiles share. Which tiles there are, and so the result,
/// depends on the picture's size alone.
public struct UpscaleTiles: Sendable {
    /// Side of a tile in pixels of the picture that is given.
    public let side: Int
    /// How many of them two neighbours share.
    public let overlap: Int

    /// As ComfyUI upscales pictures.
    public static let standard = UpscaleTiles(side: 512, overlap: 32)

    /// - Parameters:
    ///   - side: side of a tile in pixels.
    ///   - overlap: pixels that two neighbours share, at most half as many.
    public init(side: Int, overlap: Int) {
        precondition(
            side > 0 && overlap >= 0 && 2 * overlap <= side, "UpscaleTiles: \(side) with overlap \(overlap)")
        (self.side, self.overlap) = (side, overlap)
    }

    /// How many tiles a picture has.
    public func count(height: Int, width: Int) -> Int { spans(height).count * spans(width).count }

    /// A picture, larger, tile by tile.
    ///
    /// - Parameters:
    ///   - image: [1, C, H, W] in 0...1.
    ///   - model: makes a tile larger.
    ///   - each: called before each tile; may throw to end the work.
    /// - Returns: [1, C', H · scale, W · scale] in 0...1.
    public func upscaled(_ image: Tensor, by model: any UpscaleModel, each: () throws -> Void = {}) rethrows
        -> Tensor
    {
        let (rows, columns) = (spans(image.shape[2]), spans(image.shape[3]))
        let strips = try rows.map { row in
            let strip = image.narrowed(axis: 2, row)
            let tiles = try columns.map { column in
                try each()
                return model(strip.narrowed(axis: 3, column)).clamped(0, 1)
            }
            return blended(tiles, columns, axis: 3, model.scale)
        }
        return blended(strips, rows, axis: 2, model.scale)
    }

    /// The pixels of each tile along one axis.
    private func spans(_ length: Int) -> [Range<Int>] {
        guard length > side else { return [0..<length] }
        return stride(from: 0, to: length - overlap, by: side - overlap).map {
            $0..<min($0 + side, length)
        }
    }

    /// Tiles side by side along an axis; no pixel is of more than two.
    private func blended(_ tiles: [Tensor], _ spans: [Range<Int>], axis: Int, _ scale: Int) -> Tensor {
        guard tiles.count > 1 else { return tiles[0] }
        let spans = spans.map { $0.lowerBound * scale..<$0.upperBound * scale }
        var pieces: [Tensor] = []
        for (index, tile) in tiles.enumerated() {
            let (span, isFirst, isLast) = (spans[index], index == 0, index == tiles.count - 1)
            let start = isFirst ? span.lowerBound : spans[index - 1].upperBound
            let end = isLast ? span.upperBound : spans[index + 1].lowerBound
            if !isFirst {
                let shared = span.lowerBound..<start
                let before = spans[index - 1]
                let (a, b) = (fades(before, scale), fades(span, scale))
                let weights = shared.map { pixel in
                    let (x, y) = (a[pixel - before.lowerBound], b[pixel - span.lowerBound])
                    return x / (x + y)
                }
                let shape: Shape = axis == 2 ? [weights.count, 1] : [weights.count]
                let weight = Tensor(weights, shape, on: tile.device)
                let last = part(tiles[index - 1], before, shared, axis)
                let next = part(tile, span, shared, axis)
                pieces.append(last * weight + next * (1 - weight))
            }
            if start < end { pieces.append(part(tile, span, start..<end, axis)) }
        }
        return .concatenated(pieces, axis: axis)
    }

    private func part(_ tile: Tensor, _ span: Range<Int>, _ pixels: Range<Int>, _ axis: Int) -> Tensor {
        tile.narrowed(
            axis: axis, pixels.lowerBound - span.lowerBound..<pixels.upperBound - span.lowerBound)
    }

    /// How much each pixel of a tile counts: it rises from one edge and falls towards the other.
    private func fades(_ span: Range<Int>, _ scale: Int) -> [Float] {
        let feather = overlap * scale
        guard feather < span.count else { return Array(repeating: 1, count: span.count) }
        return span.indices.map { index in
            let before = index - span.lowerBound
            let after = span.upperBound - 1 - index
            func fade(_ distance: Int) -> Float {
                distance < feather ? Float(distance + 1) / Float(feather) : 1
            }
            return fade(before) * fade(after)
        }
    }
}
