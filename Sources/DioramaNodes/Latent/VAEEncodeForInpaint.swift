import DioramaGraph
import DioramaTensor

/// Encodes pictures of which a part shall be made anew.
struct VAEEncodeForInpaint: Node {
    static let spec = NodeSpec(
        "VAEEncodeForInpaint", title: "VAE Encode (for Inpainting)", category: "model/latent",
        "Encodes pictures into latents of which the masked part shall be made anew: it becomes gray, and only it may change. "
            + "Use a denoise of 1.", searchAliases: ["inpaint", "fill"])

    @Input("Pictures; sides are cut to multiples of what the autoencoder takes, around the middle.")
    var pixels: ImageBatch
    @Input("The autoencoder of the model that will denoise the latents.") var vae: VAE
    @Input("What to make anew: where it is covered by half or more. Of any size.") var mask: Mask
    @Input("How far beyond the mask pictures may change, in pixels.", in: 0...64, step: 1)
    var growMaskBy = 6

    @Output("Latents, [B, C, H/8, W/8], with their mask.") var latent: Latent

    func run(_ context: RunContext) async throws {
        let pictures = try InpaintPictures($pixels, $mask, context)
        var encoded = try pictures.grayed.encoded(for: vae, $pixels, context) {
            try vae.autoencoder.latents(of: $0)
        }
        encoded.noiseMask = pictures.noiseMask(grownBy: growMaskBy, factor: vae.autoencoder.factor)
        latent = encoded
    }
}
