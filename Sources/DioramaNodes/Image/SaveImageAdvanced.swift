import DioramaGraph
import DioramaImage
import DioramaTensor

/// Writes pictures as PNG with 8 or 16 bits a value.
struct SaveImageAdvanced: Node {
    static let spec = NodeSpec(
        "SaveImageAdvanced", title: "Save Image (Advanced)", category: "image",
        "Writes pictures as PNG with 8 or 16 bits a value into the output folder, with the graph inside.",
        lane: .io,
        isOutput: true, searchAliases: ["png", "16-bit", "write", "export"])

    @Input("Pictures to write.") var images: ImageBatch
    @Input(
        "Start of the file name, perhaps with folders; a number follows it. The same words are filled in as by SaveImage."
    )
    var filenamePrefix = "ComfyUI"
    @InputChoice("The file format.", ["png": PNGFormat.self]) var format: any InputGroup

    @Hidden(.prompt) var prompt: JSON
    @Hidden(.extraPNGInfo) var extraPNGInfo: JSON

    @Output("The same pictures.", name: "images") var saved: ImageBatch

    struct PNGFormat: InputGroup {
        @Input(
            "Bits a value: 16 keep finer steps, in files several times larger.",
            options: ["8-bit", "16-bit"], advanced: true)
        var bitDepth = "8-bit"
        @Input("What the values mean.", options: ["sRGB"], advanced: true) var inputColorSpace = "sRGB"
    }

    func validate(_ environment: RunEnvironment) -> [InputProblem] {
        PictureWriter.problems(with: $filenamePrefix, in: environment)
    }

    func run(_ context: RunContext) async throws {
        let metadata = ImageMetadata(prompt: prompt, extra: extraPNGInfo)
        let isDeep = (format as? PNGFormat)?.bitDepth == "16-bit"
        try PictureWriter.results(context).write(
            images, prefix: filenamePrefix, extension: "png", mark: "", valueBytes: isDeep ? 2 : 1,
            bitmap: { isDeep ? try $0.deepBitmap($1) : try $0.bitmap($1) }
        ) { try PNG.encode($0, metadata: metadata) }
        saved = images
    }
}
