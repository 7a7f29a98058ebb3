import DioramaGraph
import DioramaImage
import DioramaTensor

/// Reads a mask from a picture in the input folder.
struct LoadImageMask: Node {
    static let spec = NodeSpec(
        "LoadImageMask", title: "Load Image (as Mask)", category: "image",
        "Reads one channel of a PNG or JPEG from the input folder as a mask.", lane: .io,
        searchAliases: ["import mask", "alpha mask", "channel mask"])

    @Input(
        "A file of the input folder.", options: InputPicture.names, validateOptions: false,
        attributes: ["image_upload": true])
    var image: String
    @Input(
        "alpha gives what is see-through, 1 - alpha, nothing for a picture without alpha; a color gives its values, those "
            + "of the light for a gray picture.",
        options: ["alpha", "red", "green", "blue"])
    var channel = "alpha"

    @Output("The mask, [1, H, W].") var mask: Mask

    func run(_ context: RunContext) async throws {
        let device = try context.resource(Device.self)
        let bitmap = try InputPicture.read(image, context)
        let shape: Shape = [1, bitmap.height, bitmap.width]
        guard let index = ["red", "green", "blue"].firstIndex(of: channel) else {
            mask =
                bitmap.channels.hasAlpha
                ? Mask(transparencyOf: bitmap, on: device) : Mask(coverage: .zeros(shape, on: device))
            return
        }
        let values = bitmap.converted(to: .rgb).normalized()
        mask = Mask(
            coverage: Tensor(
                stride(from: index, to: values.count, by: 3).map { values[$0] }, shape, on: device))
    }

    func validate(_ environment: RunEnvironment) -> [InputProblem] {
        InputPicture.problems(with: $image, in: environment)
    }

    func fingerprint(_ environment: RunEnvironment) throws -> String? {
        try InputPicture.fingerprint($image, in: environment)
    }
}
