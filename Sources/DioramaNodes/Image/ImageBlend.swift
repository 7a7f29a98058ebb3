import DioramaGraph
import DioramaTensor

/// Mixes two pictures.
struct ImageBlend: Node {
    static let spec = NodeSpec(
        "ImageBlend", title: "Blend Images", category: "image/filters",
        "Mixes two pictures. The second is given the size of the first; what does not fit its aspect is cut away. Alpha "
            + "stays that of the first.", searchAliases: ["mix images"])

    @Input("The pictures below.") var image1: ImageBatch
    @Input("The pictures above: one, or as many as below.") var image2: ImageBatch
    @Input("How much of the mixture there is: 0 leaves the first as it is.", in: 0...1, step: 0.01)
    var blendFactor = 0.5
    @Input(
        "normal: the second; multiply: darker; screen: lighter; overlay, soft_light: more contrast; difference: the "
            + "first less the second.",
        options: BlendMode.allCases.map(\.rawValue))
    var blendMode = "normal"

    @Output("The mixture, in 0...1.") var blended: ImageBatch

    func run(_ context: RunContext) async throws {
        var below = try context.pictures($image1)
        var above = try context.pictures($image2).withChannels(of: below, $image2, context)
        if above.width != below.width || above.height != below.height {
            above = try above.resized(
                to: NewSize(width: below.width, height: below.height), "bicubic", "center",
                askedBy: $image2.name,
                context)
        }
        guard above.count == below.count || above.count == 1 || below.count == 1 else {
            throw context.fail(
                $image2, "holds \(above.count) pictures, image1 \(below.count); give equally many, or one")
        }
        let count = max(above.count, below.count)
        _ = try newShape([count, below.height, below.width, below.channels], askedBy: $image2.name, context)
        below = ImageBatch(pixels: below.pixels.repeated(toBatch: count))
        let mode = BlendMode(rawValue: blendMode) ?? .normal
        let (kept, mixed) = (Float(1 - blendFactor), Float(blendFactor))
        let pixels = below.pixels.zipped(above.pixels.repeated(toBatch: count)) { a, b in
            min(max(a * kept + mode.mix(a, b) * mixed, 0), 1)
        }
        blended = ImageBatch(
            pixels: below.channels == 4
                ? .concatenated(
                    [pixels.narrowed(axis: 3, 0..<3), below.pixels.narrowed(axis: 3, 3..<4)], axis: 3)
                : pixels)
    }
}

/// How two values are mixed, by ComfyUI's names.
private enum BlendMode: String, CaseIterable {
    case normal, multiply, screen, overlay
    case softLight = "soft_light"
    case difference

    /// `a` is the value below, `b` the one above, both in 0...1.
    func mix(_ a: Float, _ b: Float) -> Float {
        switch self {
        case .normal: return b
        case .multiply: return a * b
        case .screen: return 1 - (1 - a) * (1 - b)
        case .overlay: return a <= 0.5 ? 2 * a * b : 1 - 2 * (1 - a) * (1 - b)
        case .softLight:
            guard b > 0.5 else { return a - (1 - 2 * b) * a * (1 - a) }
            let lighter = a <= 0.25 ? ((16 * a - 12) * a + 4) * a : a.squareRoot()
            return a + (2 * b - 1) * (lighter - a)
        case .difference: return a - b
        }
    }
}
