import DioramaGraph
import DioramaTensor

/// Gives pictures a size of about so many pixels.
struct ImageScaleToTotalPixels: Node {
    static let spec = NodeSpec(
        "ImageScaleToTotalPixels", title: "Scale Image to Total Pixels", category: "image/upscaling",
        "Makes pictures larger or smaller until they have about so many pixels, with the same aspect.",
        searchAliases: ["megapixels", "resize", "scale"])

    @Input("Pictures.") var image: ImageBatch
    @Input("How values between pixels are found.", options: imageMethods) var upscaleMethod = "nearest-exact"
    @Input("Pixels in all; 1 is 1024x1024 of them.", in: 0.01...16, step: 0.01) var megapixels = 1.0
    @Input("Both sides become multiples of it, the nearest.", in: 1...256, advanced: true)
    var resolutionSteps = 1

    @Output("Pictures of the new size.") var scaled: ImageBatch

    func run(_ context: RunContext) async throws {
        let images = try context.pictures($image)
        let scale = (megapixels * 1024 * 1024 / Double(images.width * images.height)).squareRoot()
        func side(_ length: Int) -> Int {
            let steps = (Double(length) * scale / Double(resolutionSteps)).rounded(.toNearestOrEven)
            return max(1, Int(steps)) * resolutionSteps
        }
        scaled = try images.resized(
            to: NewSize(width: side(images.width), height: side(images.height)), upscaleMethod,
            askedBy: $megapixels.name, context)
    }
}

/// Gives pictures a size by their longer side.
struct ImageScaleToMaxDimension: Node {
    static let spec = NodeSpec(
        "ImageScaleToMaxDimension", title: "Scale Image to Max Dimension", category: "image/upscaling",
        "Makes pictures larger or smaller until their longer side has a length, with the same aspect.",
        searchAliases: ["longest side", "resize", "scale"])

    @Input("Pictures.") var image: ImageBatch
    @Input(
        "How values between pixels are found.",
        options: ["area", "lanczos", "bilinear", "nearest-exact", "bicubic"])
    var upscaleMethod = "area"
    @Input("The longer side in pixels.", in: 0...16384, step: 1) var largestSize = 512

    @Output("Pictures of the new size.") var scaled: ImageBatch

    func run(_ context: RunContext) async throws {
        let images = try context.pictures($image)
        let longer = max(images.width, images.height)
        func side(_ length: Int) -> Int {
            Int((Double(length) / Double(longer) * Double(largestSize)).rounded(.toNearestOrEven))
        }
        scaled = try images.resized(
            to: NewSize(width: side(images.width), height: side(images.height)), upscaleMethod,
            askedBy: $largestSize.name, context)
    }
}
