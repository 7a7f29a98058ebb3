import DioramaGraph
import DioramaModels
import DioramaTensor

/// Prepares prompts and a picture for making a part of it anew.
struct InpaintModelConditioning: Node {
    static let spec = NodeSpec(
        "InpaintModelConditioning", category: "model/conditioning",
        "Encodes pictures of which the masked part shall be made anew. Models with an inpainting input are also shown the "
            + "rest of the picture; others do not see it.",
        searchAliases: ["inpaint"])

    @Input("What the picture shall show.") var positive: Conditioning
    @Input("What the picture shall not show.") var negative: Conditioning
    @Input("The autoencoder of the model that will denoise the latents.") var vae: VAE
    @Input("Pictures; sides are cut to multiples of what the autoencoder takes, around the middle.")
    var pixels: ImageBatch
    @Input("What to make anew, 0 to 1; of any size.") var mask: Mask
    @Input("Lets only the masked part change; without, the mask does nothing.") var noiseMask = true

    @Output("What the picture shall show.", name: "positive") var positiveOut: Conditioning
    @Output("What the picture shall not show.", name: "negative") var negativeOut: Conditioning
    @Output("Latents, [B, C, H/8, W/8], with their mask.", name: "latent") var latent: Latent

    func run(_ context: RunContext) async throws {
        let pictures = try InpaintPictures($pixels, $mask, context)
        var encoded = try pictures.images.encoded(for: vae, $pixels, context) {
            try vae.autoencoder.latents(of: $0)
        }
        if noiseMask { encoded.noiseMask = pictures.noiseMask(factor: vae.autoencoder.factor) }
        let kept = try pictures.grayed.encoded(for: vae, $pixels, context) {
            try vae.autoencoder.latents(of: $0)
        }
        let inpainting = InpaintingInput(
            latent: kept.samples,
            mask: pictures.noiseMask(factor: vae.autoencoder.factor).coverage.asPlanes)
        func shown(_ prompt: Conditioning) -> Conditioning { prompt.mapped { $0.inpainting = inpainting } }
        (positiveOut, negativeOut, latent) = (shown(positive), shown(negative), encoded)
    }
}

extension Tensor {
    /// Masks [B, H, W] as planes of one channel, [B, 1, H, W].
    fileprivate var asPlanes: Tensor { reshaped(shape[0], 1, shape[1], shape[2]) }
}
