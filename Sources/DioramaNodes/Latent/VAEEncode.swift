import DioramaGraph
import DioramaTensor

/// Encodes pixels into latents.
struct VAEEncode: Node {
    static let spec = NodeSpec(
        "VAEEncode", title: "VAE Encode", category: "model/latent",
        "Encodes pictures into latents, to change them with a sampler whose denoise is below 1.")

    @Input("Pictures; sides are cut to multiples of what the autoencoder takes, around the middle.")
    var pixels: ImageBatch
    @Input("The autoencoder of the model that will denoise the latents.") var vae: VAE

    @Output("Latents, [B, C, H/8, W/8].") var latent: Latent

    func run(_ context: RunContext) async throws {
        let factor = vae.autoencoder.config.factor
        let (height, width) = (pixels.height / factor * factor, pixels.width / factor * factor)
        guard height > 0, width > 0 else {
            throw context.fail(
                $pixels,
                "is \(pixels.width)x\(pixels.height); the autoencoder needs at least \(factor)x\(factor)")
        }
        let (top, left) = ((pixels.height - height) / 2, (pixels.width - width) / 2)
        let cut = pixels.pixels.narrowed(axis: 1, top..<top + height).narrowed(axis: 2, left..<left + width)
            .narrowed(axis: 3, 0..<min(3, pixels.channels))
        let image = cut.permuted(0, 3, 1, 2) * 2 - 1
        let encoded = try (0..<pixels.count).map { item in
            try context.checkCancellation()
            return try vae.autoencoder.encode(image[item..<item + 1]).mean
        }
        latent = Latent(samples: .concatenated(encoded, axis: 0))
    }
}
