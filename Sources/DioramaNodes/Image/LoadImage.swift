import DioramaGraph
import DioramaTensor

/// Reads a picture from the input folder.
struct LoadImage: Node {
    static let spec = NodeSpec(
        "LoadImage", title: "Load Image", category: "image",
        "Reads a PNG or JPEG from the input folder, upright as its EXIF orientation says.", lane: .io,
        searchAliases: ["open image", "import image", "png", "jpeg"])

    @Input(
        "A file of the input folder.", options: InputPicture.names, validateOptions: false,
        attributes: ["image_upload": true])
    var image: String

    @Output("The picture, [1, H, W, 3] in 0...1.") var pixels: ImageBatch
    @Output("How see-through each pixel is (1 - alpha), [1, H, W]; 64x64 zeros without alpha.") var mask: Mask

    func run(_ context: RunContext) async throws {
        let device = try context.resource(Device.self)
        let bitmap = try InputPicture.read(image, context)
        pixels = ImageBatch(bitmap, on: device)
        mask = Mask(transparencyOf: bitmap, on: device)
    }

    func validate(_ environment: RunEnvironment) -> [InputProblem] {
        InputPicture.problems(with: $image, in: environment)
    }

    func fingerprint(_ environment: RunEnvironment) throws -> String? {
        try InputPicture.fingerprint($image, in: environment)
    }
}

/// Reads a picture from the output folder.
struct LoadImageOutput: Node {
    static let spec = NodeSpec(
        "LoadImageOutput", title: "Load Image (from Outputs)", category: "image",
        "Reads a PNG or JPEG that was saved before, upright as its EXIF orientation says.", lane: .io,
        searchAliases: ["output image", "previous generation"], isExperimental: true)

    @Input(
        "A file of the output folder with the folder's mark, such as \"fox_00001_.png [output]\".",
        options: InputPicture.outputNames, validateOptions: false,
        attributes: ["image_upload": true, "image_folder": "output"])
    var image: String

    @Output("The picture, [1, H, W, 3] in 0...1.") var pixels: ImageBatch
    @Output("How see-through each pixel is (1 - alpha), [1, H, W]; 64x64 zeros without alpha.") var mask: Mask

    func run(_ context: RunContext) async throws {
        let device = try context.resource(Device.self)
        let bitmap = try InputPicture.read(image, context)
        pixels = ImageBatch(bitmap, on: device)
        mask = Mask(transparencyOf: bitmap, on: device)
    }

    func validate(_ environment: RunEnvironment) -> [InputProblem] {
        InputPicture.problems(with: $image, in: environment)
    }

    func fingerprint(_ environment: RunEnvironment) throws -> String? {
        try InputPicture.fingerprint($image, in: environment)
    }
}
