import DioramaGraph
import DioramaTensor

/// Makes pictures of one color.
struct EmptyImage: Node {
    static let spec = NodeSpec(
        "EmptyImage", title: "Empty Image", category: "image", "Makes pictures of one color.",
        searchAliases: ["solid color", "blank"])

    @Input("Width in pixels.", in: 1...16384, step: 1) var width = 512
    @Input("Height in pixels.", in: 1...16384, step: 1) var height = 512
    @Input("How many pictures.", in: 1...4096) var batchSize = 1
    @Input(
        "The color as one number, red · 65536 + green · 256 + blue, each 0 to 255: 16777215 is white.",
        in: 0...0xFF_FFFF, step: 1, attributes: ["display": "color"])
    var color = 0

    @Output("The pictures, [B, H, W, 3].") var image: ImageBatch

    func run(_ context: RunContext) async throws {
        let shape = try newShape([batchSize, height, width, 3], askedBy: $batchSize.name, context)
        let channels = [16, 8, 0].map { Float(Double(color >> $0 & 0xFF) / 255) }
        image = ImageBatch(
            pixels: Tensor(channels, [1, 1, 1, 3], on: try context.resource(Device.self)).broadcast(to: shape)
        )
    }
}

/// Tells the size of pictures.
struct GetImageSize: Node {
    static let spec = NodeSpec(
        "GetImageSize", title: "Get Image Size", category: "image",
        "Tells how wide and high pictures are, and how many there are.",
        searchAliases: ["dimensions", "resolution", "image info"])

    @Input("Pictures.") var image: ImageBatch

    @Output("Width in pixels.", name: "width") var width: Int
    @Output("Height in pixels.", name: "height") var height: Int
    @Output("How many pictures.", name: "batch_size") var batchSize: Int

    func run(_ context: RunContext) async throws {
        let images = try context.pictures($image)
        (width, height, batchSize) = (images.width, images.height, images.count)
    }
}
