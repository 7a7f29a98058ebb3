import DioramaGraph
import DioramaTensor

/// Lays pictures over others.
struct ImageCompositeMasked: Node {
    static let spec = NodeSpec(
        "ImageCompositeMasked", title: "Image Composite Masked", category: "image/compositing",
        "Lays pictures over others, where a mask says how opaque they are. What reaches beyond them is left out.",
        searchAliases: ["overlay", "layer", "paste image", "images composition"])

    @Input("The pictures below; the result has their size and number.") var destination: ImageBatch
    @Input("The pictures above, repeated or cut to as many.") var source: ImageBatch
    @Input("Where the left edge of those above is, in pixels.", in: 0...16384, step: 1) var x = 0
    @Input("Where the upper edge of those above is, in pixels.", in: 0...16384, step: 1) var y = 0
    @Input("Stretch the pictures above to the size of those below first.") var resizeSource = false
    @Input(
        "1 where the pictures above are seen, 0 where those below; stretched to the size of those above. Without it, all "
            + "of them is seen.", optional: true)
    var mask: Mask?

    @Output("The pictures, as large as those below.") var composite: ImageBatch

    func run(_ context: RunContext) async throws {
        let below = try context.pictures($destination)
        var above = try context.pictures($source).withChannels(of: below, $source, context)
        // Only as many as are needed are stretched.
        above = ImageBatch(pixels: above.pixels[0..<min(above.count, below.count)])
        if resizeSource {
            above = try above.resized(
                to: NewSize(width: below.width, height: below.height), "bilinear", askedBy: $source.name,
                context)
        }
        composite = ImageBatch(
            pixels: paste(above, over: below, try opacity(of: above, atMost: below.count, context)))
    }

    /// How opaque the pictures above are, [M, H, W] in their size; nil where all of them is seen.
    private func opacity(of above: ImageBatch, atMost count: Int, _ context: RunContext) throws -> Tensor? {
        guard let mask = try context.masks($mask) else { return nil }
        let size = NewSize(width: above.width, height: above.height)
        return try Mask(coverage: mask.coverage[0..<min(mask.count, count)])
            .resized(to: size, "bilinear", askedBy: $mask.name, context).coverage
    }

    /// The pixels below, with those above and their opacity repeated over the batch.
    private func paste(_ above: ImageBatch, over below: ImageBatch, _ opacity: Tensor?) -> Tensor {
        let channels = below.channels
        let rows = max(0, min(above.height, below.height - y))
        let columns = max(0, min(above.width, below.width - x))
        let cover = opacity?.floats()
        return Tensor(below.pixels.shape, on: below.pixels.device) { output in
            below.pixels.withFloats { input in _ = output.initialize(from: input) }
            above.pixels.withFloats { source in
                for picture in 0..<below.count {
                    let over = picture % above.count
                    let mask = opacity.map { picture % $0.shape[0] } ?? 0
                    for row in 0..<rows {
                        for column in 0..<columns {
                            let from = (over * above.height + row) * above.width + column
                            let to = (picture * below.height + y + row) * below.width + x + column
                            let seen = cover?[(mask * above.height + row) * above.width + column] ?? 1
                            for channel in 0..<channels {
                                let under = output[to * channels + channel]
                                output[to * channels + channel] =
                                    seen * source[from * channels + channel] + (1 - seen) * under
                            }
                        }
                    }
                }
            }
        }
    }
}
