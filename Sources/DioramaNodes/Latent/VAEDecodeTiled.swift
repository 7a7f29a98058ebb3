import DioramaGraph
import DioramaTensor

/// Decodes latents into pixels, tile by tile.
struct VAEDecodeTiled: Node {
    static let spec = NodeSpec(
        "VAEDecodeTiled", title: "VAE Decode (Tiled)", category: "model/latent",
        "Decodes latents into pictures tile by tile, which needs less memory for large pictures. Tiles share the statistics of "
            + "the whole picture, so the result is that of VAE Decode.")

    @Input("Latents, [B, C, H/8, W/8].") var samples: Latent
    @Input("The autoencoder of the model that made them.") var vae: VAE
    @Input("Side of a tile in pixels.", in: 64...4096, step: 32, advanced: true) var tileSize = 512
    @Input(
        "Kept for ComfyUI's graphs: tiles overlap as far as the autoencoder's convolutions reach.",
        in: 0...4096,
        step: 32, advanced: true)
    var overlap = 64
    @Input("Kept for ComfyUI's graphs: only videos use it.", in: 8...4096, step: 4, advanced: true)
    var temporalSize = 64
    @Input("Kept for ComfyUI's graphs: only videos use it.", in: 4...4096, step: 4, advanced: true)
    var temporalOverlap = 8

    @Output("Pictures, [B, H, W, 3] in 0...1.") var image: ImageBatch

    func validate(_ environment: RunEnvironment, in node: SourceNode) -> [InputProblem] {
        LatentFit.problems(node, latent: $samples.name, vae: $vae.name, environment)
    }

    func run(_ context: RunContext) async throws {
        let tile = max(1, tileSize / vae.autoencoder.factor)
        let decoded = try (0..<samples.samples.shape[0]).map { item in
            try context.checkCancellation()
            return try vae.autoencoder.pictures(of: samples.samples[item..<item + 1], tile: tile)
        }
        image = try ImageBatch(decoded: .concatenated(decoded, axis: 0))
    }
}
