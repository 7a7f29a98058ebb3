import DioramaGraph
import DioramaImage

/// Writes two batches of pictures as PNG into the temporary folder.
struct ImageCompare: Node {
    static let spec = NodeSpec(
        "ImageCompare", title: "Compare Images", category: "image",
        "Writes two batches of pictures as PNG into the temporary folder, to look at them side by side: those of the first are called "
            + "ComfyUI_compare_a, those of the second ComfyUI_compare_b.",
        lane: .io, isOutput: true, searchAliases: ["side by side", "before after", "diff"])

    @Input("What ComfyUI's editor keeps of its view; not used.", attributes: ["socketless": true])
    var compareView = CompareView()
    @Input("Pictures to look at.", optional: true) var imageA: ImageBatch?
    @Input("Pictures to compare them with.", optional: true) var imageB: ImageBatch?

    @Hidden(.prompt) var prompt: JSON
    @Hidden(.extraPNGInfo) var extraPNGInfo: JSON

    func run(_ context: RunContext) async throws {
        let metadata = ImageMetadata(prompt: prompt, extra: extraPNGInfo)
        for (images, name) in [
            (try context.pictures($imageA), "a"), (try context.pictures($imageB), "b"),
        ] {
            guard let images else { continue }
            try PictureWriter.previews(context).write(
                images, prefix: "ComfyUI_compare_\(name)", extension: "png"
            ) { try PNG.encode($0, metadata: metadata) }
        }
    }
}

/// What an editor keeps of how two pictures are shown: anything, for it is not read.
struct CompareView: LiteralValue {
    static let portType: PortType = "IMAGECOMPARE"
    let json: JSON

    init() { json = .object([:]) }

    init(literal: JSON) throws(LiteralMismatch) { json = literal }
}
