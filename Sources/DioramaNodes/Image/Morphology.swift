import DioramaGraph
import DioramaNN
import DioramaTensor

/// Grows and shrinks the bright areas of pictures.
struct Morphology: Node {
    static let spec = NodeSpec(
        "Morphology", title: "Apply Morphology", category: "image/filters",
        "Grows or shrinks the bright areas of pictures: each pixel takes the largest or smallest value of a square around "
            + "it, each channel by itself.", searchAliases: ["erode", "dilate"])

    @Input("Pictures.") var image: ImageBatch
    @Input(
        "erode shrinks, dilate grows; open takes small bright spots away, close small dark ones; gradient gives outlines; "
            + "bottom_hat and top_hat give what close and open take away.",
        options: ["erode", "dilate", "open", "close", "gradient", "bottom_hat", "top_hat"])
    var operation = "erode"
    @Input(
        "Side of the square in pixels; an even one reaches one pixel further up and left.", in: 3...999,
        step: 1)
    var kernelSize = 3

    @Output("The result, the same size.") var result: ImageBatch

    func run(_ context: RunContext) async throws {
        let pixels = try context.pictures($image).pixels
        let processed =
            switch operation {
            case "erode": eroded(pixels)
            case "dilate": dilated(pixels)
            case "open": dilated(eroded(pixels))
            case "close": eroded(dilated(pixels))
            case "gradient": dilated(pixels) - eroded(pixels)
            case "bottom_hat": eroded(dilated(pixels)) - pixels
            default: pixels - dilated(eroded(pixels))
            }
        result = ImageBatch(pixels: processed)
    }

    private func dilated(_ pixels: Tensor) -> Tensor { spread(.greatest, pixels) }

    private func eroded(_ pixels: Tensor) -> Tensor { spread(.least, pixels) }

    /// The extreme of the square around each pixel.
    private func spread(_ extreme: Extreme, _ pixels: Tensor) -> Tensor {
        let (before, after) = (kernelSize / 2, kernelSize - 1 - kernelSize / 2)
        let rows = slidingExtreme(extreme, of: pixels, axis: 1, before: before, after: after)
        return slidingExtreme(extreme, of: rows, axis: 2, before: before, after: after)
    }
}
