import DioramaGraph
import DioramaTensor

/// Takes some pictures out of a batch.
struct ImageFromBatch: Node {
    static let spec = NodeSpec(
        "ImageFromBatch", title: "Get Image from Batch", category: "image/batch",
        "Takes some pictures out of a batch, from a place on.",
        searchAliases: ["select image", "pick from batch", "extract image"])

    @Input("Pictures.") var image: ImageBatch
    @Input(
        "The first to take, counted from 0; negative ones count from the end. Beyond an end, that end.",
        in: -16384...16384)
    var batchIndex = 0
    @Input("How many to take; fewer where the batch ends.", in: 1...4096) var length = 1

    @Output("The pictures taken, at least one.") var taken: ImageBatch

    func run(_ context: RunContext) async throws {
        let images = try context.pictures($image)
        let asked = batchIndex < 0 ? batchIndex + images.count : batchIndex
        let first = max(0, min(asked, images.count - 1))
        taken = ImageBatch(pixels: images.pixels[first..<min(first + length, images.count)])
    }
}

/// Repeats a batch.
struct RepeatImageBatch: Node {
    static let spec = NodeSpec(
        "RepeatImageBatch", title: "Repeat Image Batch", category: "image/batch",
        "Repeats a batch as a whole: a, b becomes a, b, a, b.",
        searchAliases: ["duplicate image", "clone image"])

    @Input("Pictures.") var image: ImageBatch
    @Input("How often they are there afterwards.", in: 1...4096) var amount = 1

    @Output("The repeated pictures.") var repeated: ImageBatch

    func run(_ context: RunContext) async throws {
        let images = try context.pictures($image)
        _ = try newShape(
            [amount * images.count, images.height, images.width, images.channels], askedBy: $amount.name,
            context)
        repeated = ImageBatch(pixels: images.pixels.repeated(amount, axis: 0))
    }
}

/// Joins two batches; ComfyUI's class is `ImageBatch`, which is the name of the value here.
struct JoinImageBatches: Node {
    static let spec = NodeSpec(
        "ImageBatch", title: "Batch Images (DEPRECATED)", category: "image/batch",
        "Joins two batches. The second is given the size of the first; what does not fit its aspect is cut away.",
        isDeprecated: true)

    @Input("The pictures that come first.") var image1: ImageBatch
    @Input("The pictures that follow.") var image2: ImageBatch

    @Output("All of them.") var joined: ImageBatch

    func run(_ context: RunContext) async throws {
        let first = try context.pictures($image1)
        var second = try context.pictures($image2)
        if first.width != second.width || first.height != second.height {
            second = try second.resized(
                to: NewSize(width: first.width, height: first.height), "bilinear", "center",
                askedBy: $image1.name,
                context)
        }
        let channels = max(first.channels, second.channels)
        let parts = [first.withOpaqueAlpha(toMatch: second), second.withOpaqueAlpha(toMatch: first)]
        guard parts.allSatisfy({ $0.channels == channels }) else {
            throw context.fail(
                $image2,
                "has \(second.channels) channels, image1 \(first.channels); only alpha may be missing")
        }
        _ = try newShape(
            [first.count + second.count, first.height, first.width, channels], askedBy: $image2.name, context)
        joined = ImageBatch(pixels: .concatenated(parts.map(\.pixels), axis: 0))
    }
}
