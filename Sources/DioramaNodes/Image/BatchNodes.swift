import DioramaGraph
import DioramaTensor

/// Puts pictures into one batch.
struct BatchImagesNode: Node {
    static let spec = NodeSpec(
        "BatchImagesNode", title: "Batch Images", category: "image/batch",
        "Puts pictures into one batch. All are given the size of the first; what does not fit its aspect is cut away. "
            + "Missing alpha is opaque.",
        searchAliases: ["batch", "combine images", "merge images", "stack images"])

    @GrowingInput("Pictures, one or more in each.", prefix: "image", in: 1...50) var images: [ImageBatch]

    @Output("All of them, in order.") var batch: ImageBatch

    func run(_ context: RunContext) async throws {
        guard let first = images.first else { throw context.fail($images.name, "holds no pictures") }
        let channels = images.map(\.channels).max() ?? first.channels
        var parts: [Tensor] = []
        for (name, values) in $images.members {
            for value in values {
                let input = "\($images.name).\(name)"
                guard value.pixels.rank == 4, value.pixels.count > 0, value.channels + 1 >= channels else {
                    throw context.fail(
                        input,
                        "is \(value.pixels.shape), which does not go with \(channels) channels; only alpha may be missing"
                    )
                }
                let size = NewSize(width: first.width, height: first.height)
                let whole =
                    value.width == size.width && value.height == size.height
                    ? value : try value.resized(to: size, "bilinear", "center", askedBy: input, context)
                parts.append(
                    whole.channels == channels
                        ? whole.pixels : whole.pixels.padded([(axis: 3, before: 0, after: 1)], value: 1))
            }
        }
        let count = parts.reduce(0) { $0 + $1.shape[0] }
        _ = try newShape([count, first.height, first.width, channels], askedBy: $images.name, context)
        batch = ImageBatch(pixels: .concatenated(parts, axis: 0))
    }
}

/// Puts masks into one batch.
struct BatchMasksNode: Node {
    static let spec = NodeSpec(
        "BatchMasksNode", title: "Batch Masks", category: "image/mask",
        "Puts masks into one batch. All are given the size of the first; what does not fit its aspect is cut away.",
        searchAliases: ["combine masks", "stack masks", "merge masks"])

    @GrowingInput("Masks, one or more in each.", prefix: "mask", in: 1...50) var masks: [Mask]

    @Output("All of them, in order.") var batch: Mask

    func run(_ context: RunContext) async throws {
        guard let first = masks.first?.coverage.shape, first.dims.count == 3 else {
            throw context.fail($masks.name, "holds no masks")
        }
        var parts: [Tensor] = []
        for (name, values) in $masks.members {
            for value in values {
                let input = "\($masks.name).\(name)"
                guard value.coverage.rank == 3, value.coverage.count > 0 else {
                    throw context.fail(
                        input, "holds no masks; those are [B, H, W], and this is \(value.coverage.shape)")
                }
                let size = NewSize(width: first[2], height: first[1])
                parts.append(
                    try value.resized(to: size, "bilinear", "center", askedBy: input, context).coverage)
            }
        }
        let count = parts.reduce(0) { $0 + $1.shape[0] }
        _ = try newShape([count, first[1], first[2]], askedBy: $masks.name, context)
        batch = Mask(coverage: .concatenated(parts, axis: 0))
    }
}
