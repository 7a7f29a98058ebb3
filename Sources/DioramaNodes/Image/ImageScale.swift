import DioramaGraph
import DioramaTensor

/// Gives pictures another size.
struct ImageScale: Node {
    static let spec = NodeSpec(
        "ImageScale", title: "Upscale Image", category: "image/upscaling", "Gives pictures another size.",
        searchAliases: ["resize", "scale"])

    @Input("Pictures.") var image: ImageBatch
    @Input("How values between pixels are found.", options: imageMethods) var upscaleMethod = "nearest-exact"
    @Input("New width in pixels; 0 keeps the aspect.", in: 0...16384, step: 1) var width = 512
    @Input("New height in pixels; 0 keeps the aspect.", in: 0...16384, step: 1) var height = 512
    @Input(
        "disabled stretches; center cuts away what does not fit the new aspect.",
        options: ["disabled", "center"])
    var crop = "disabled"

    @Output("Pictures of the new size.") var scaled: ImageBatch

    func run(_ context: RunContext) async throws {
        let images = try context.pictures($image)
        guard
            let size = NewSize(
                width: width, height: height, fromWidth: images.width, height: images.height, smallest: 1)
        else {
            scaled = images
            return
        }
        scaled = try images.resized(to: size, upscaleMethod, crop, context)
    }
}

/// Makes pictures larger or smaller by a factor.
struct ImageScaleBy: Node {
    static let spec = NodeSpec(
        "ImageScaleBy", title: "Upscale Image By", category: "image/upscaling",
        "Makes pictures larger or smaller by a factor.", searchAliases: ["resize", "scale"])

    @Input("Pictures.") var image: ImageBatch
    @Input("How values between pixels are found.", options: imageMethods) var upscaleMethod = "nearest-exact"
    @Input("2 doubles both sides, 0.5 halves them.", in: 0.01...8, step: 0.01) var scaleBy = 1.0

    @Output("Pictures of the new size.") var scaled: ImageBatch

    func run(_ context: RunContext) async throws {
        let images = try context.pictures($image)
        func side(_ length: Int) -> Int { max(1, Int((Double(length) * scaleBy).rounded(.toNearestOrEven))) }
        scaled = try images.resized(
            to: NewSize(width: side(images.width), height: side(images.height)), upscaleMethod,
            askedBy: $scaleBy.name, context)
    }
}
