import DioramaGraph
import DioramaTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Cuts pictures into tiles.
struct SplitImageToTileList: Node {
    static let spec = NodeSpec(
        "SplitImageToTileList", title: "Split Image into List of Tiles", category: "image/batch",
        "Cuts pictures into tiles that overlap, row by row; what follows runs once for each tile.", lane: .io,
        searchAliases: ["split image", "tile image", "slice image"])

    @Input("Pictures.") var image: ImageBatch
    @Input("Width of a tile in pixels; a narrower picture is not widened.", in: 64...16384) var tileWidth =
        1024
    @Input("Height of a tile in pixels; a lower picture is not heightened.", in: 64...16384) var tileHeight =
        1024
    @Input(
        "Pixels that neighbours share; the last tile of a row or column may share more. At most three quarters of a tile.",
        in: 0...4096)
    var overlap = 128

    @OutputList("The tiles, from the left to the right and then downwards.") var tiles: [ImageBatch]

    func run(_ context: RunContext) throws {
        let image = try context.pictures($image)
        let grid = TileGrid(
            width: image.width, height: image.height, tileWidth: tileWidth, tileHeight: tileHeight,
            overlap: overlap)
        let most = 1 << 30
        guard let grid, grid.area * image.count * image.channels <= most else {
            throw context.fail(
                $overlap, "makes tiles of more than \(most) values in all; take less, or larger tiles")
        }
        tiles = grid.tiles.map { tile in
            ImageBatch(pixels: image.pixels.narrowed(axis: 1, tile.rows).narrowed(axis: 2, tile.columns))
        }
    }
}

/// Joins tiles to a picture.
struct ImageMergeTileList: Node {
    static let spec = NodeSpec(
        "ImageMergeTileList", title: "Merge List of Tiles to Image", category: "image/batch",
        "Joins tiles as SplitImageToTileList cuts them to one picture; where they overlap, each counts the more the nearer its "
            + "middle is.", searchAliases: ["split image", "tile image", "slice image"])

    @InputList("The tiles, row by row; the first says the size of all.") var imageList: [ImageBatch]
    @Input("Width of the picture in pixels.", in: 64...32768) var finalWidth = 1024
    @Input("Height of the picture in pixels.", in: 64...32768) var finalHeight = 1024
    @Input("Pixels that neighbours share, as when they were cut.", in: 0...4096) var overlap = 128

    @Output("The picture; black where no tile is.") var image: ImageBatch

    func run(_ context: RunContext) async throws {
        guard let first = imageList.first, first.pixels.rank == 4, first.pixels.count > 0 else {
            throw context.fail($imageList, "holds no tiles")
        }
        let (count, channels) = (first.count, first.channels)
        let shape = try newShape(
            [count, finalHeight, finalWidth, channels], askedBy: $finalWidth.name, context)
        let grid = TileGrid(
            width: finalWidth, height: finalHeight, tileWidth: first.width, tileHeight: first.height,
            overlap: overlap)
        guard let grid else {
            throw context.fail(
                $imageList,
                "begins with a tile of \(first.width)x\(first.height), too small for an overlap of \(overlap)"
            )
        }
        let across = Self.weights(first.width, isFlat: overlap == 0)
        let down = Self.weights(first.height, isFlat: overlap == 0)
        var sums = [Float](repeating: 0, count: shape.count)
        var weights = [Float](repeating: 0, count: finalHeight * finalWidth)
        for (tile, (place, picture)) in zip(grid.tiles, imageList.enumerated()) {
            guard picture.pixels.rank == 4, [1, count].contains(picture.count), picture.channels == channels
            else {
                throw context.fail(
                    $imageList,
                    "has \(picture.pixels.shape) as tile \(place + 1), which does not go with the first, \(first.pixels.shape)"
                )
            }
            let (height, width) = (
                min(tile.rows.count, picture.height), min(tile.columns.count, picture.width)
            )
            picture.pixels.withFloats { pixels in
                for row in 0..<height {
                    for column in 0..<width {
                        let weight = down[row] * across[column]
                        let target =
                            (tile.rows.lowerBound + row) * finalWidth + tile.columns.lowerBound + column
                        weights[target] += weight
                        for item in 0..<count {
                            let own = picture.count == 1 ? 0 : item
                            let from = ((own * picture.height + row) * picture.width + column) * channels
                            let to = (item * finalHeight * finalWidth + target) * channels
                            for channel in 0..<channels {
                                sums[to + channel] += pixels[from + channel] * weight
                            }
                        }
                    }
                }
            }
        }
        for index in sums.indices {
            let weight = weights[index / channels % weights.count]
            if weight != 0 { sums[index] /= weight }
        }
        image = ImageBatch(pixels: Tensor(sums, shape, on: first.pixels.device))
    }

    /// How much each pixel along a side of a tile counts: half a wave, nearly 0 at the ends.
    private static func weights(_ count: Int, isFlat: Bool) -> [Float] {
        let stride = 1 / Float(max(count - 1, 1))
        return (0..<count).map { index in
            guard !isFlat else { return 1 }
            let place =
                index < (count + 1) / 2 ? Float(index) * stride : 1 - Float(count - 1 - index) * stride
            return max(sin(Float.pi * place), 1e-5)
        }
    }
}

/// The places of tiles in a picture, row by row.
struct TileGrid {
    private let rows, columns: [Range<Int>]

    /// A grid whose tiles share `overlap` pixels, at most three quarters of a tile; nil where that leaves no way to go.
    init?(width: Int, height: Int, tileWidth: Int, tileHeight: Int, overlap: Int) {
        guard let rows = TileGrid.spans(of: height, tile: tileHeight, overlap: overlap),
            let columns = TileGrid.spans(of: width, tile: tileWidth, overlap: overlap)
        else { return nil }
        (self.rows, self.columns) = (rows, columns)
    }

    /// The pixels of all tiles together.
    var area: Int {
        rows.reduce(0) { $0 + $1.count } * columns.reduce(0) { $0 + $1.count }
    }

    /// The tiles.
    var tiles: some Sequence<(rows: Range<Int>, columns: Range<Int>)> {
        rows.lazy.flatMap { rows in columns.lazy.map { (rows: rows, columns: $0) } }
    }

    /// The last tile ends where the picture ends, so it may share more than the others.
    private static func spans(of side: Int, tile: Int, overlap: Int) -> [Range<Int>]? {
        let step = max(Double(tile) * 0.25, Double(tile - overlap)).rounded(.toNearestOrEven)
        var spans: [Range<Int>] = []
        var start = 0
        while true {
            let end = min(start + tile, side)
            spans.append(max(0, end - tile)..<end)
            if end >= side { return spans }
            guard step >= 1 else { return nil }
            start += Int(step)
        }
    }
}
