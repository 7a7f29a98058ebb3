import DioramaGraph
import DioramaTensor

extension ImageBatch {
    /// Masks as gray pictures, [B, H, W, 3].
    ///
    /// - Parameters:
    ///   - mask: of at least one value.
    ///   - input: the name of the input that gives them.
    ///   - context: the node's.
    /// - Throws: an error naming the input for more than fits in memory.
    init(_ mask: Mask, askedBy input: String, _ context: RunContext) throws {
        let extents = mask.coverage.shape.dims
        let shape = try newShape(extents + [3], askedBy: input, context)
        self.init(pixels: mask.coverage.reshaped(Shape(extents + [1])).broadcast(to: shape))
    }
}

/// Shows masks as pictures.
struct MaskToImage: Node {
    static let spec = NodeSpec(
        "MaskToImage", title: "Convert Mask to Image", category: "image/mask",
        "Makes gray pictures of masks: 1 becomes white.", searchAliases: ["convert mask"])

    @Input("Masks.") var mask: Mask

    @Output("Gray pictures, [B, H, W, 3].") var image: ImageBatch

    func run(_ context: RunContext) async throws {
        image = try ImageBatch(try context.masks($mask), askedBy: $mask.name, context)
    }
}

/// Takes one channel of pictures as masks.
struct ImageToMask: Node {
    static let spec = NodeSpec(
        "ImageToMask", title: "Convert Image to Mask", category: "image/mask",
        "Takes one channel of pictures as masks.", searchAliases: ["extract channel", "channel to mask"])

    @Input("Pictures.") var image: ImageBatch
    @Input("Which channel; alpha as it is, so that 1 is opaque.", options: ["red", "green", "blue", "alpha"])
    var channel = "red"

    @Output("The channel, [B, H, W].") var mask: Mask

    func run(_ context: RunContext) async throws {
        let images = try context.pictures($image)
        let index = ["red", "green", "blue", "alpha"].firstIndex(of: channel) ?? 0
        guard index < images.channels else {
            throw context.fail(
                $channel, "is \(channel), and the pictures have \(images.channels) channels without it")
        }
        mask = Mask(
            coverage: images.pixels.narrowed(axis: 3, index..<index + 1)
                .reshaped(images.count, images.height, images.width))
    }
}

/// Finds one color in pictures.
struct ImageColorToMask: Node {
    static let spec = NodeSpec(
        "ImageColorToMask", title: "Convert Image Color to Mask", category: "image/mask",
        "Marks the pixels that have exactly one color, in 8 bits.",
        searchAliases: ["color keying", "chroma key"])

    @Input("Pictures.") var image: ImageBatch
    @Input(
        "The color as one number, red · 65536 + green · 256 + blue, each 0 to 255: 16777215 is white.",
        in: 0...0xFF_FFFF, step: 1, attributes: ["display": "number"])
    var color = 0

    @Output("1 where the color is, 0 elsewhere, [B, H, W].") var mask: Mask

    func run(_ context: RunContext) async throws {
        let images = try context.pictures($image)
        let colors = try images.colors($image, context)
        let wanted = [16, 8, 0].map { Float(color >> $0 & 0xFF) }
        mask = Mask(
            coverage: Tensor([images.count, images.height, images.width], on: colors.device) { output in
                colors.withFloats { values in
                    for pixel in 0..<output.count {
                        let isColor = (0..<3).allSatisfy { channel in
                            let value = min(max(values[3 * pixel + channel], 0), 1) * 255
                            return value.rounded(.toNearestOrEven) == wanted[channel]
                        }
                        output[pixel] = isColor ? 1 : 0
                    }
                }
            })
    }
}
