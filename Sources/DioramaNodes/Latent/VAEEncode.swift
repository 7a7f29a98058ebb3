import DioramaGraph
import DioramaModels
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
        latent = try pixels.encoded(for: vae, $pixels, context) { try vae.autoencoder.latents(of: $0) }
    }
}

extension ImageBatch {
    /// The latents of pictures, cut around the middle to sides that an autoencoder takes, one picture after another.
    ///
    /// - Parameters:
    ///   - vae: the autoencoder.
    ///   - input: where the pictures came in, for the error.
    ///   - context: ends the work where the run was stopped.
    ///   - encode: encodes one picture, [1, 3, H, W] in -1...1.
    /// - Returns: the pictures' latents, [B, C, H/8, W/8].
    /// - Throws: an error naming the input for pictures that are too small, `NonFiniteEncoding`, and what `encode` throws.
    func encoded(
        for vae: VAE, _ input: InputReference<ImageBatch>, _ context: RunContext,
        encode: (Tensor) throws -> Tensor
    ) throws -> Latent {
        let factor = vae.autoencoder.factor
        let (height, width) = (self.height / factor * factor, self.width / factor * factor)
        guard height > 0, width > 0 else {
            throw context.fail(
                input, "is \(self.width)x\(self.height); the autoencoder needs at least \(factor)x\(factor)")
        }
        let (top, left) = ((self.height - height) / 2, (self.width - width) / 2)
        let cut = pixels.narrowed(axis: 1, top..<top + height).narrowed(axis: 2, left..<left + width)
            .narrowed(axis: 3, 0..<min(3, channels))
        let image = cut.permuted(0, 3, 1, 2) * 2 - 1
        let encoded = try (0..<count).map { item in
            try context.checkCancellation()
            return try encode(image[item..<item + 1])
        }
        let samples = Tensor.concatenated(encoded, axis: 0)
        guard samples.allFinite else { throw NonFiniteEncoding() }
        var latent = Latent(samples: samples)
        latent.cell = vae.autoencoder.factor
        return latent
    }
}

/// The autoencoder gave latents with values that are no numbers.
struct NonFiniteEncoding: Error, CustomStringConvertible {
    var description: String {
        "the encoded picture has values that are not finite numbers; the picture or the autoencoder's weights may be damaged (diorama "
            + "inspect --damaged lists them)"
    }
}
