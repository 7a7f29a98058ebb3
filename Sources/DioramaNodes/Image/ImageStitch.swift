import DioramaGraph
import DioramaTensor

/// Puts two pictures side by side.
struct ImageStitch: Node {
    static let spec = NodeSpec(
        "ImageStitch", title: "Stitch Images", category: "image/transform",
        "Puts a second picture beside the first. The shorter batch goes on with its last picture.",
        searchAliases: ["combine images", "join images", "concatenate images", "side by side"])

    @Input("Pictures.") var image1: ImageBatch
    @Input("Where the second is put.", options: ["right", "down", "left", "up"]) var direction = "right"
    @Input(
        "Scale the second until the sides that meet are equally long, rather than fill up with the spacing's color."
    )
    var matchImageSize = true
    @Input("Pixels between the two; an odd number gets one more.", in: 0...1024, step: 2, advanced: true)
    var spacingWidth = 0
    @Input(
        "The color between the two.", options: ["white", "black", "red", "green", "blue"], advanced: true)
    var spacingColor = "white"
    @Input("Pictures to put beside; without them the first stay as they are.", optional: true) var image2:
        ImageBatch?

    @Output("Both in one.") var stitched: ImageBatch

    func run(_ context: RunContext) async throws {
        let first = try context.pictures($image1)
        guard let given = try context.pictures($image2) else {
            stitched = first
            return
        }
        let along = direction == "left" || direction == "right" ? 2 : 1
        let second = matchImageSize ? try matched(given, to: first, along: along, context) : given
        let across = 3 - along
        let side = max(first.pixels.shape[across], second.pixels.shape[across])
        let channels = max(first.channels, second.channels)
        let count = max(first.count, second.count)
        let spacing = spacingWidth + spacingWidth % 2

        var extents = [count, side, side, channels]
        extents[along] = first.pixels.shape[along] + second.pixels.shape[along] + spacing
        let shape = try newShape(extents, askedBy: $image2.name, context)

        var parts = [first, second].map { images in
            filled(images.pixels.continued(to: count), across, to: side, channels: channels)
        }
        if spacing > 0 {
            var gap = shape.dims
            gap[along] = spacing
            let color = Tensor(color(channels: channels), [1, 1, 1, channels], on: first.pixels.device)
            parts.insert(color.broadcast(to: Shape(gap)), at: 1)
        }
        let isReversed = direction == "left" || direction == "up"
        stitched = ImageBatch(pixels: .concatenated(isReversed ? parts.reversed() : parts, axis: along))
    }

    /// The second pictures, scaled until the sides that meet are equally long.
    private func matched(
        _ second: ImageBatch, to first: ImageBatch, along: Int, _ context: RunContext
    ) throws -> ImageBatch {
        let aspect = Double(second.width) / Double(second.height)
        let size =
            along == 2
            ? NewSize(width: Int(Double(first.height) * aspect), height: first.height)
            : NewSize(width: first.width, height: Int(Double(first.width) / aspect))
        return try second.resized(to: size, "lanczos", askedBy: $image2.name, context)
    }

    /// Pictures filled up on both sides of an axis, with white for white spacing and else black, and with opaque alpha.
    private func filled(_ pixels: Tensor, _ axis: Int, to side: Int, channels: Int) -> Tensor {
        let missing = side - pixels.shape[axis]
        return pixels.padded(
            [(axis: axis, before: missing / 2, after: missing - missing / 2)],
            value: spacingColor == "white" ? 1 : 0
        ).padded([(axis: 3, before: 0, after: channels - pixels.shape[3])], value: 1)
    }

    /// The color of the spacing; a fourth channel is opaque alpha.
    private func color(channels: Int) -> [Float] {
        let rgb: [Float] =
            switch spacingColor {
            case "white": [1, 1, 1]
            case "red": [1, 0, 0]
            case "green": [0, 1, 0]
            case "blue": [0, 0, 1]
            default: [0, 0, 0]
            }
        return (0..<channels).map { $0 < 3 ? rgb[$0] : $0 == 3 ? 1 : 0 }
    }
}

extension Tensor {
    /// The leading axis made longer with copies of its last element.
    fileprivate func continued(to count: Int) -> Tensor {
        let own = shape[0]
        guard own < count else { return self }
        return .concatenated([self, self[own - 1..<own].repeated(count - own, axis: 0)], axis: 0)
    }
}
