import DioramaGraph
import DioramaTensor

/// Cuts a rectangle out of pictures.
struct ImageCrop: Node {
    static let spec = NodeSpec(
        "ImageCrop", title: "Crop Image (DEPRECATED)", category: "image/transform",
        "Cuts a rectangle out of pictures; what lies beyond the right and lower edges is left out.",
        searchAliases: ["trim"], isDeprecated: true)

    @Input("Pictures.") var image: ImageBatch
    @Input("Width of the rectangle in pixels.", in: 1...16384, step: 1) var width = 512
    @Input("Height of the rectangle in pixels.", in: 1...16384, step: 1) var height = 512
    @Input("Pixels left of the rectangle; beyond the picture, its last column.", in: 0...16384, step: 1)
    var x = 0
    @Input("Pixels above the rectangle; beyond the picture, its last row.", in: 0...16384, step: 1) var y = 0

    @Output("The rectangle, at least one pixel.") var cropped: ImageBatch

    func run(_ context: RunContext) async throws {
        let images = try context.pictures($image)
        let (left, top) = (min(x, images.width - 1), min(y, images.height - 1))
        cropped = ImageBatch(
            pixels: images.pixels
                .narrowed(axis: 1, top..<min(top + height, images.height))
                .narrowed(axis: 2, left..<min(left + width, images.width)))
    }
}

/// Cuts the middle out of pictures.
struct CenterCropImages: Node {
    static let spec = NodeSpec(
        "CenterCropImages", title: "Crop Image (Center)", category: "image/transform",
        "Cuts the middle out of pictures; a side that is shorter than asked for stays as it is. Values are cut to 8 bits, "
            + "as ComfyUI does.", searchAliases: ["crop", "cut", "trim"], isExperimental: true)

    @Input("Pictures.") var images: ImageBatch
    @Input("Width of the middle in pixels.", in: 1...8192) var width = 512
    @Input("Height of the middle in pixels.", in: 1...8192) var height = 512

    @Output("The middle.", name: "images") var cropped: ImageBatch

    func run(_ context: RunContext) async throws {
        let images = try context.pictures($images)
        func middle(_ side: Int, _ asked: Int) -> Range<Int> {
            let start = max(0, (side - asked) / 2)
            return start..<min(side, start + asked)
        }
        cropped = ImageBatch(
            pixels: images.pixels
                .narrowed(axis: 1, middle(images.height, height))
                .narrowed(axis: 2, middle(images.width, width))
                .mapped { value in value > 0 ? (min(255 * value, 255)).rounded(.down) / 255 : 0 })
    }
}
