import DioramaGraph
import DioramaTensor

/// Lays pictures out in rows.
struct ImageGrid: Node {
    static let spec = NodeSpec(
        "ImageGrid", title: "Make Image Grid", category: "image/batch",
        "Lays all pictures of a list out in rows on black, each stretched to the size of a cell by Lanczos' filter. Alpha is "
            + "left out.", searchAliases: ["grid", "collage", "combine"], isExperimental: true)

    @InputList("Batches of pictures, of any sizes.") var images: [ImageBatch]
    @Input("Pictures in a row.", in: 1...20) var columns = 4
    @Input("Width of a cell in pixels.", in: 32...2048, advanced: true) var cellWidth = 256
    @Input("Height of a cell in pixels.", in: 32...2048, advanced: true) var cellHeight = 256
    @Input("Black pixels between cells.", in: 0...50, advanced: true) var padding = 4

    @Output("One picture.", name: "images") var grid: ImageBatch

    func run(_ context: RunContext) async throws {
        for (place, batch) in images.enumerated()
        where batch.pixels.rank != 4 || batch.pixels.count == 0 || ![3, 4].contains(batch.channels) {
            throw context.fail(
                $images,
                "has \(batch.pixels.shape) as number \(place + 1); pictures are [B, H, W, 3] or [B, H, W, 4]")
        }
        let count = images.reduce(0) { $0 + $1.count }
        guard let device = images.first?.pixels.device else {
            throw context.fail($images, "holds no pictures")
        }
        let rows = (count + columns - 1) / columns
        let width = columns * cellWidth + (columns - 1) * padding
        let height = rows * cellHeight + (rows - 1) * padding
        let shape = try newShape([1, height, width, 3], askedBy: $images.name, context)
        var pixels = [Float](repeating: 0, count: shape.count)
        var place = 0
        for batch in images {
            let cells = try batch.resized(
                to: NewSize(width: cellWidth, height: cellHeight), "lanczos", askedBy: $images.name, context
            ).pixels.narrowed(axis: 3, 0..<3)
            cells.withFloats { values in
                for item in 0..<batch.count {
                    let left = place % columns * (cellWidth + padding)
                    let top = place / columns * (cellHeight + padding)
                    for row in 0..<cellHeight {
                        let from = (item * cellHeight + row) * cellWidth * 3
                        let to = ((top + row) * width + left) * 3
                        for index in 0..<cellWidth * 3 { pixels[to + index] = values[from + index] }
                    }
                    place += 1
                }
            }
        }
        grid = ImageBatch(pixels: Tensor(pixels, shape, on: device))
    }
}
