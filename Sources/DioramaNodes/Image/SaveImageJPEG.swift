import DioramaGraph
import DioramaImage

/// Writes pictures as JPEG into the output folder.
struct SaveImageJPEG: Node {
    static let spec = NodeSpec(
        "SaveImageJPEG", title: "Save Image (JPEG)", category: "image",
        "Writes pictures as JPEG into the output folder, with the graph in their EXIF.", lane: .io,
        isOutput: true,
        searchAliases: ["jpg", "write", "export"])

    @Input("Pictures to write; alpha is left out.") var images: ImageBatch
    @Input(
        "Start of the file name, perhaps with folders; a number follows it. Placeholders as in SaveImage.")
    var filenamePrefix = "ComfyUI"
    @Input("1 is smallest, 100 is best.", in: 1...100) var quality = 92
    @Input(
        "How many pixels share a color: 4:4:4 none, 4:2:2 two, 4:2:0 four.",
        options: ["4:4:4", "4:2:2", "4:2:0"])
    var subsampling = "4:4:4"
    @Input("Whether to put the graph into the picture's EXIF.") var metadata = true

    @Hidden(.prompt) var prompt: JSON
    @Hidden(.extraPNGInfo) var extraPNGInfo: JSON

    @Output("The same pictures.", name: "images") var saved: ImageBatch

    func validate(_ environment: RunEnvironment) -> [InputProblem] {
        PictureWriter.problems(with: $filenamePrefix, in: environment)
    }

    func run(_ context: RunContext) async throws {
        let texts = metadata ? ImageMetadata(prompt: prompt, extra: extraPNGInfo) : ImageMetadata()
        let sampling = JPEG.Subsampling(rawValue: subsampling) ?? .yuv444
        try PictureWriter.results(context).write(
            images, prefix: filenamePrefix, extension: "jpg"
        ) {
            try JPEG.encode($0.converted(to: .rgb), quality: quality, subsampling: sampling, metadata: texts)
                .bytes
        }
        saved = images
    }
}
