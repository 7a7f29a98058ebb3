import DioramaGraph
import DioramaTensor

/// Cuts a rectangle out of masks.
struct CropMask: Node {
    static let spec = NodeSpec(
        "CropMask", title: "Crop Mask", category: "image/mask",
        "Cuts a rectangle out of masks; what lies beyond the right and lower edges is left out.",
        searchAliases: ["cut mask", "extract mask region", "mask slice"])

    @Input("Masks.") var mask: Mask
    @Input("Pixels left of the rectangle.", in: 0...16384, step: 1) var x = 0
    @Input("Pixels above the rectangle.", in: 0...16384, step: 1) var y = 0
    @Input("Width of the rectangle in pixels.", in: 1...16384, step: 1) var width = 512
    @Input("Height of the rectangle in pixels.", in: 1...16384, step: 1) var height = 512

    @Output("The rectangle.") var cropped: Mask

    func run(_ context: RunContext) async throws {
        let coverage = try context.masks($mask).coverage
        let (rows, columns) = (coverage.shape[1], coverage.shape[2])
        guard x < columns else {
            throw context.fail($x, "is \(x), beyond the mask, which is \(columns)x\(rows)")
        }
        guard y < rows else {
            throw context.fail($y, "is \(y), beyond the mask, which is \(columns)x\(rows)")
        }
        cropped = Mask(
            coverage: coverage.narrowed(axis: 1, y..<min(y + height, rows))
                .narrowed(axis: 2, x..<min(x + width, columns)))
    }
}
