import DioramaGraph

/// Encodes a prompt.
struct CLIPTextEncode: Node {
    static let spec = NodeSpec(
        "CLIPTextEncode", title: "CLIP Text Encode (Prompt)", category: "model/conditioning",
        "Encodes a prompt with a text encoder, to guide a diffusion model.",
        searchAliases: ["prompt", "text"])

    @Input("What the picture shall show, or what it shall not.", multiline: true, dynamicPrompts: true)
    var text: String
    @Input("The text encoder of the checkpoint.") var clip: CLIP

    @Output("The encoded prompt.") var conditioning: Conditioning

    func run(_ context: RunContext) async throws {
        conditioning = try context.conditioning(clip.encode(text))
    }
}
