import DioramaGraph
import DioramaTensor

/// Shifts and spreads the values of pictures.
struct NormalizeImages: Node {
    static let spec = NodeSpec(
        "NormalizeImages", title: "Normalize Image Colors", category: "image/color",
        "Takes a mean away from every value and divides by a deviation, as networks are fed: (v - mean) / std. The result "
            + "may leave 0...1.", searchAliases: ["normalize", "normalize colors"], isExperimental: true)

    @Input("Pictures.") var images: ImageBatch
    @Input("What is taken away.", in: 0...1, advanced: true) var mean = 0.5
    @Input("What is divided by.", in: 0.001...1, advanced: true) var std = 0.5

    @Output("The result.", name: "images") var normalized: ImageBatch

    func run(_ context: RunContext) async throws {
        normalized = ImageBatch(pixels: (images.pixels - Float(mean)) / Float(std))
    }
}

/// Makes pictures lighter or darker.
struct AdjustBrightness: Node {
    static let spec = NodeSpec(
        "AdjustBrightness", title: "Adjust Brightness", category: "image/adjustments",
        "Makes pictures lighter or darker: multiplies every value.", searchAliases: ["brightness"],
        isExperimental: true)

    @Input("Pictures.") var images: ImageBatch
    @Input("Below 1 darker, above lighter.", in: 0...2) var factor = 1.0

    @Output("The result, in 0...1.", name: "images") var adjusted: ImageBatch

    func run(_ context: RunContext) async throws {
        adjusted = ImageBatch(pixels: (images.pixels * Float(factor)).clamped(0, 1))
    }
}

/// Gives pictures more or less contrast.
struct AdjustContrast: Node {
    static let spec = NodeSpec(
        "AdjustContrast", title: "Adjust Contrast", category: "image/adjustments",
        "Gives pictures more or less contrast: multiplies how far every value is from middle gray.",
        searchAliases: ["contrast"], isExperimental: true)

    @Input("Pictures.") var images: ImageBatch
    @Input("Below 1 less contrast, above more.", in: 0...2) var factor = 1.0

    @Output("The result, in 0...1.", name: "images") var adjusted: ImageBatch

    func run(_ context: RunContext) async throws {
        adjusted = ImageBatch(pixels: ((images.pixels - 0.5) * Float(factor) + 0.5).clamped(0, 1))
    }
}
