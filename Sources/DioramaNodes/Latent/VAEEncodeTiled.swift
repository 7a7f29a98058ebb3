import DioramaGraph
import DioramaTensor

/// Encodes pixels into latents, tile by tile.
struct VAEEncodeTiled: Node {
    static let spec = NodeSpec(
        "VAEEncodeTiled", title: "VAE Encode (Tiled)", category: "model/latent",
        "Encodes pictures into latents tile by tile, which needs less memory for large pictures. Tiles share the statistics of "
            + "the whole picture, so the result is that of VAE Encode.")

    @Input("Pictures; sides are cut to multiples of what the autoencoder takes, around the middle.")
    var pixels: ImageBatch
    @Input("The autoencoder of the model that will denoise the latents.") var vae: VAE
    @Input("Side of a tile in pixels.", in: 64...4096, step: 64, advanced: true) var tileSize = 512
    @Input(
        "Kept for ComfyUI's graphs: tiles overlap as far as the autoencoder's convolutions reach.",
        in: 0...4096, step: 32, advanced: true)
    var overlap = 64
    @Input("Kept for ComfyUI's graphs: only videos use it.", in: 8...4096, step: 4, advanced: true)
    var temporalSize = 64
    @Input("Kept for ComfyUI's graphs: only videos use it.", in: 4...4096, step: 4, advanced: true)
    var temporalOverlap = 8

    @Output("Latents, [B, C, H/8, W/8].") var latent: Latent

    func run(_ context: RunContext) async throws {
        let tile = max(1, tileSize / vae.autoencoder.factor)
        latent = try pixels.encoded(for: vae, $pixels, context) {
            try vae.autoencoder.latents(of: $0, tile: tile)
        }
    }
}
