import DioramaGraph
import DioramaNN
import DioramaTensor

/// Blurs pictures.
struct ImageBlur: Node {
    static let spec = NodeSpec(
        "ImageBlur", title: "Blur Image", category: "image/filters",
        "Blurs pictures with a bell curve.", searchAliases: ["gaussian", "soften"])

    @Input("Pictures, wider and higher than the radius.") var image: ImageBatch
    @Input("Pixels on each side that flow into one.", in: 1...31, step: 1) var blurRadius = 1
    @Input(
        "Width of the bell curve, as a part of the radius: the larger, the more even.", in: 0.1...10,
        step: 0.1)
    var sigma = 1.0

    @Output("Blurred pictures, the same size.") var blurred: ImageBatch

    func run(_ context: RunContext) async throws {
        let images = try context.pictures($image)
        blurred = ImageBatch(
            pixels: try images.blurred(radius: blurRadius, sigma: sigma, $blurRadius, context))
    }
}

/// Sharpens pictures.
struct ImageSharpen: Node {
    static let spec = NodeSpec(
        "ImageSharpen", title: "Sharpen Image", category: "image/filters",
        "Sharpens pictures: adds again what a blur would take away.",
        searchAliases: ["unsharp mask", "edge enhance"])

    @Input("Pictures, wider and higher than the radius.") var image: ImageBatch
    @Input("Radius of that blur in pixels.", in: 1...31, step: 1, advanced: true) var sharpenRadius = 1
    @Input(
        "Width of its bell curve, as a part of the radius: the larger, the more even.", in: 0.1...10,
        step: 0.01,
        advanced: true)
    var sigma = 1.0
    @Input(
        "A tenth of how often the difference is added; 0 changes nothing.", in: 0...5, step: 0.01,
        advanced: true)
    var alpha = 1.0

    @Output("Sharpened pictures, the same size.") var sharpened: ImageBatch

    func run(_ context: RunContext) async throws {
        let images = try context.pictures($image)
        let blurred = try images.blurred(radius: sharpenRadius, sigma: sigma, $sharpenRadius, context)
        let strength = Float(10 * alpha)
        sharpened = ImageBatch(
            pixels: images.pixels.zipped(blurred) { pixel, blurred in
                min(max(pixel + strength * (pixel - blurred), 0), 1)
            })
    }
}

extension ImageBatch {
    /// The pixels, blurred.
    ///
    /// - Parameters:
    ///   - radius: of the window, in pixels.
    ///   - sigma: the deviation of the bell curve, as a part of the radius.
    ///   - input: asks for the radius.
    ///   - context: the node's.
    /// - Returns: `[B, H, W, C]`.
    /// - Throws: an error naming the input for pictures that are too small to be mirrored at their edges.
    fileprivate func blurred(
        radius: Int, sigma: Double, _ input: InputReference<Int>, _ context: RunContext
    ) throws -> Tensor {
        guard radius < min(width, height) else {
            throw context.fail(
                input,
                "is \(radius), and must be less than both sides of the picture, which is \(width)x\(height)")
        }
        return DioramaNN.blurred(
            pixels, by: gaussianWindow(radius: radius, deviation: sigma * Double(radius)))
    }
}
