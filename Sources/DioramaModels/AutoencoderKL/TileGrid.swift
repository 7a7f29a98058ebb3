import DioramaTensor

/// A grid cut into rectangles, each computed with a margin around it.
struct TileGrid {
    /// One axis of a tile: what is computed, and what of it is kept.
    struct Span {
        /// What is computed, margins included.
        let outer: Range<Int>
        /// What is kept.
        let inner: Range<Int>

        /// What is kept, counted from the start of what is computed and scaled to where `outer` has `count` cells.
        func innerOffsets(outOf count: Int) -> Range<Int> {
            let start = (inner.lowerBound - outer.lowerBound) * count / outer.count
            return start..<start + inner.count * count / outer.count
        }
    }

    /// The rows of each row of tiles.
    let rows: [Span]
    /// The columns of each column of tiles.
    let columns: [Span]

    /// - Parameters:
    ///   - height: cells of the grid.
    ///   - width: cells of the grid.
    ///   - tile: side of what is kept, 1 or more.
    ///   - margin: computed on each side beside it, where the grid goes on.
    init(height: Int, width: Int, tile: Int, margin: Int) {
        rows = Self.spans(height, tile, margin)
        columns = Self.spans(width, tile, margin)
    }

    private static func spans(_ count: Int, _ tile: Int, _ margin: Int) -> [Span] {
        stride(from: 0, to: count, by: tile).map { start in
            let end = min(start + tile, count)
            return Span(outer: max(start - margin, 0)..<min(end + margin, count), inner: start..<end)
        }
    }
}

extension Tensor {
    /// What is to be kept of a tile computed over `rows` and `columns`, whatever its resolution; `axis` is that of its height, and the next
    /// that of its width.
    func kept(_ rows: TileGrid.Span, _ columns: TileGrid.Span, axis: Int) -> Tensor {
        narrowed(axis: axis, rows.innerOffsets(outOf: shape[axis])).narrowed(
            axis: axis + 1, columns.innerOffsets(outOf: shape[axis + 1]))
    }
}
