import DioramaGraph
import DioramaTensor

/// Inverts the colors of pictures.
struct ImageInvert: Node {
    static let spec = NodeSpec(
        "ImageInvert", title: "Invert Image Colors", category: "image/color",
        "Inverts colors: each value v becomes 1 - v.")

    @Input("Pictures to invert.") var image: ImageBatch

    @Output("Inverted pictures, the same size.") var inverted: ImageBatch

    func run(_ context: RunContext) async throws {
        inverted = ImageBatch(pixels: 1 - image.pixels)
    }
}
