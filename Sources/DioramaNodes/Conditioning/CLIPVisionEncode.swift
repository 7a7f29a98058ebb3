import DioramaGraph
import DioramaModels
import DioramaTensor

/// Encodes pictures with a vision model.
struct CLIPVisionEncode: Node {
    static let spec = NodeSpec(
        "CLIPVisionEncode", title: "CLIP Vision Encode", category: "model/conditioning",
        "Encodes pictures with a vision model, for nodes that steer a model by what is seen in them.",
        searchAliases: ["siglip", "image encoder", "redux"])

    @Input("The vision model.") var clipVision: CLIPVision
    @Input("Pictures; they are brought to the square that the model takes.") var image: ImageBatch
    @Input(
        "What becomes of pictures that are not square: the middle of each is taken, or all of it is stretched.",
        options: ["center", "none"])
    var crop = "center"

    @Output("What the model sees.", name: "CLIP_VISION_OUTPUT") var seen: CLIPVisionOutput

    func run(_ context: RunContext) async throws {
        let (images, model) = (try context.pictures($image), clipVision.model)
        let pixels = try images.colors($image, context)
        let states = try (0..<images.count).map { index in
            try context.checkCancellation()
            if index > 0 { context.progress(index, of: images.count) }
            return try model(
                model.pixels(of: pixels[index..<index + 1], croppingCenter: crop == "center"))
        }
        seen = CLIPVisionOutput(states: .joined(states))
    }
}
