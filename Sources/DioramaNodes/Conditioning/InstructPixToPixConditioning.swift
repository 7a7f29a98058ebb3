import DioramaGraph
import DioramaModels
import DioramaTensor

/// Shows models for control a picture beside their prompt.
struct InstructPixToPixConditioning: Node {
    static let spec = NodeSpec(
        "InstructPixToPixConditioning", category: "model/conditioning/instructpix2pix",
        "Shows models that take a picture beside their latent one: edges or depths for FLUX.1's Canny and Depth, or for a model with "
            + "their LoRA. Others do not see it.",
        searchAliases: ["control", "canny", "depth", "ip2p"])

    @Input("What the picture shall show.") var positive: Conditioning
    @Input("What the picture shall not show.") var negative: Conditioning
    @Input("The autoencoder of the model that will denoise the latents.") var vae: VAE
    @Input("Pictures; sides are cut to multiples of what the autoencoder takes, around the middle.")
    var pixels: ImageBatch

    @Output("What the picture shall show.", name: "positive") var positiveOut: Conditioning
    @Output("What the picture shall not show.", name: "negative") var negativeOut: Conditioning
    @Output("Empty latents of the pictures' size, [B, C, H/8, W/8].", name: "latent") var latent: Latent

    func run(_ context: RunContext) async throws {
        var encoded = try context.pictures($pixels).encoded(for: vae, $pixels, context) {
            try vae.autoencoder.latents(of: $0)
        }
        let picture = encoded.samples
        func shown(_ prompt: Conditioning) -> Conditioning {
            prompt.mapped { $0.inpainting = InpaintingInput(latent: picture, mask: $0.inpainting?.mask) }
        }
        encoded.samples = .zeros(picture.shape, on: picture.device)
        (positiveOut, negativeOut, latent) = (shown(positive), shown(negative), encoded)
    }
}
