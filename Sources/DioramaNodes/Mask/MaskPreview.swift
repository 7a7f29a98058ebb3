import DioramaGraph
import DioramaImage

/// Writes masks as PNG into the temporary folder.
struct MaskPreview: Node {
    static let spec = NodeSpec(
        "MaskPreview", title: "Preview Mask", category: "image/mask",
        "Writes masks as gray PNG into the temporary folder, to look at them.", lane: .io, isOutput: true,
        searchAliases: ["preview", "show mask", "view mask", "inspect mask", "debug mask"])

    @Input("Masks to look at.") var mask: Mask

    @Hidden(.prompt) var prompt: JSON
    @Hidden(.extraPNGInfo) var extraPNGInfo: JSON

    @Output("The same masks.", name: "mask") var shown: Mask

    func run(_ context: RunContext) async throws {
        let masks = try context.masks($mask)
        let metadata = ImageMetadata(prompt: prompt, extra: extraPNGInfo)
        try PictureWriter.previews(context).write(
            ImageBatch(masks, askedBy: $mask.name, context), prefix: "ComfyUI_temp", extension: "png"
        ) { try PNG.encode($0, metadata: metadata) }
        shown = masks
    }
}
