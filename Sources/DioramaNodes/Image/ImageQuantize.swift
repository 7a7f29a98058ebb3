import DioramaGraph
import DioramaImage
import DioramaTensor

/// Draws pictures with few colors.
struct ImageQuantize: Node {
    static let spec = NodeSpec(
        "ImageQuantize", title: "Quantize Image", category: "image/filters",
        "Draws each picture with few colors of its own, found by median cut.",
        searchAliases: ["palette", "dither", "posterize", "reduce colors"])

    @Input("Pictures; alpha is left out.") var image: ImageBatch
    @Input("The most colors of a picture.", in: 1...256, step: 1) var colors = 256
    @Input(
        "How more colors are pretended: not at all, by passing on what each pixel is off, or by a pattern of so many rows.",
        options: ["none", "floyd-steinberg", "bayer-2", "bayer-4", "bayer-8", "bayer-16"])
    var dither = "none"

    @Output("The result, [B, H, W, 3].") var quantized: ImageBatch

    func run(_ context: RunContext) throws {
        let images = try ImageBatch(pixels: context.pictures($image).colors($image, context))
        var values: [Float] = []
        values.reserveCapacity(images.pixels.shape.count)
        for index in 0..<images.count {
            try context.checkCancellation()
            values += try images.quantized(index, colors: colors, dithering)
        }
        quantized = ImageBatch(pixels: Tensor(values, images.pixels.shape, on: images.pixels.device))
    }

    private var dithering: Dithering {
        switch dither {
        case "none": .none
        case "floyd-steinberg": .floydSteinberg
        default: .bayer(Int(dither.dropFirst("bayer-".count)) ?? 2)
        }
    }
}

extension ImageBatch {
    /// The values of a picture of three channels, drawn with few colors.
    fileprivate func quantized(_ index: Int, colors: Int, _ dithering: Dithering) throws -> [Float] {
        guard case .eight(let pixels) = try bitmap(index).samples else { return [] }
        return Palette(medianCutOf: pixels, count: colors).drawn(pixels, width: width, dithering)
            .map { Float($0) / 255 }
    }
}
