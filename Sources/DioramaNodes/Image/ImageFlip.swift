import DioramaGraph
import DioramaTensor

/// Mirrors pictures.
struct ImageFlip: Node {
    static let spec = NodeSpec(
        "ImageFlip", title: "Flip Image", category: "image/transform",
        "Mirrors pictures: upside down, or left for right.", searchAliases: ["mirror", "reflect"])

    @Input("Pictures.") var image: ImageBatch
    @Input(
        "x-axis: vertically exchanges top and bottom, y-axis: horizontally left and right.",
        options: ["x-axis: vertically", "y-axis: horizontally"])
    var flipMethod = "x-axis: vertically"

    @Output("Mirrored pictures, the same size.") var flipped: ImageBatch

    func run(_ context: RunContext) async throws {
        let pixels = try context.pictures($image).pixels
        flipped = ImageBatch(pixels: pixels.flipped(axis: flipMethod.hasPrefix("x") ? 1 : 2))
    }
}

/// Turns pictures by quarters.
struct ImageRotate: Node {
    static let spec = NodeSpec(
        "ImageRotate", title: "Rotate Image", category: "image/transform",
        "Turns pictures clockwise by quarters; after one or three, width and height are exchanged.",
        searchAliases: ["turn", "flip orientation"])

    @Input("Pictures.") var image: ImageBatch
    @Input("How far, clockwise.", options: ["none", "90 degrees", "180 degrees", "270 degrees"])
    var rotation = "none"

    @Output("Turned pictures.") var rotated: ImageBatch

    func run(_ context: RunContext) async throws {
        let pixels = try context.pictures($image).pixels
        let turned =
            switch rotation {
            case "90 degrees": pixels.flipped(axis: 1).transposed(1, 2)
            case "180 degrees": pixels.flipped(axis: 1).flipped(axis: 2)
            case "270 degrees": pixels.flipped(axis: 2).transposed(1, 2)
            default: pixels
            }
        rotated = ImageBatch(pixels: turned)
    }
}
