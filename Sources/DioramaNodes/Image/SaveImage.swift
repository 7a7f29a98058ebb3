import DioramaGraph
import DioramaImage

/// Writes pictures as PNG into the output folder.
struct SaveImage: Node {
    static let spec = NodeSpec(
        "SaveImage", title: "Save Image", category: "image",
        "Writes pictures as PNG into the output folder, with the graph inside.", lane: .io, isOutput: true,
        searchAliases: ["png", "write", "export"])

    @Input("Pictures to write.") var images: ImageBatch
    @Input(
        "Start of the file name, perhaps with folders; a number follows it. %width%, %height%, %year%, %month%, %day%, "
            + "%hour%, %minute%, %second% and %batch_num% are filled in.")
    var filenamePrefix = "ComfyUI"

    @Hidden(.prompt) var prompt: JSON
    @Hidden(.extraPNGInfo) var extraPNGInfo: JSON

    @Output("The same pictures.", name: "images") var saved: ImageBatch

    func validate(_ environment: RunEnvironment) -> [InputProblem] {
        PictureWriter.problems(with: $filenamePrefix, in: environment)
    }

    func run(_ context: RunContext) async throws {
        let metadata = ImageMetadata(prompt: prompt, extra: extraPNGInfo)
        try PictureWriter.results(context).write(
            images, prefix: filenamePrefix, extension: "png"
        ) { try PNG.encode($0, metadata: metadata) }
        saved = images
    }
}

/// Writes pictures as PNG into the temporary folder.
struct PreviewImage: Node {
    static let spec = NodeSpec(
        "PreviewImage", title: "Preview Image", category: "image",
        "Writes pictures as PNG into the temporary folder, to look at them.", lane: .io, isOutput: true)

    @Input("Pictures to look at.") var images: ImageBatch

    @Hidden(.prompt) var prompt: JSON
    @Hidden(.extraPNGInfo) var extraPNGInfo: JSON

    @Output("The same pictures.", name: "images") var shown: ImageBatch

    func run(_ context: RunContext) async throws {
        let metadata = ImageMetadata(prompt: prompt, extra: extraPNGInfo)
        try PictureWriter.previews(context).write(
            images, prefix: "ComfyUI_temp", extension: "png"
        ) { try PNG.encode($0, metadata: metadata) }
        shown = images
    }
}
