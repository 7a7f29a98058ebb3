import DioramaGraph
import DioramaTensor

/// Decodes latents into pixels.
struct VAEDecode: Node {
    static let spec = NodeSpec(
        "VAEDecode", title: "VAE Decode", category: "model/latent", "Decodes latents into pictures.")

    @Input("Latents, [B, C, H/8, W/8].") var samples: Latent
    @Input("The autoencoder of the model that made them.") var vae: VAE

    @Output("Pictures, [B, H, W, 3] in 0...1.") var image: ImageBatch

    func validate(_ environment: RunEnvironment, in node: SourceNode) -> [InputProblem] {
        LatentFit.problems(node, latent: $samples.name, vae: $vae.name, environment)
    }

    func run(_ context: RunContext) async throws {
        let decoded = try (0..<samples.samples.shape[0]).map { item in
            try context.checkCancellation()
            return try vae.autoencoder.pictures(of: samples.samples[item..<item + 1])
        }
        image = try ImageBatch(decoded: .concatenated(decoded, axis: 0))
    }
}

extension ImageBatch {
    /// Pictures from what an autoencoder decodes, `[B, 3, H, W]` in -1...1.
    ///
    /// - Throws: `NonFinitePicture` when a value is no number, rather than a black picture.
    init(decoded: Tensor) throws {
        guard decoded.allFinite else { throw NonFinitePicture() }
        self.init(pixels: ((decoded + 1) * 0.5).clamped(0, 1).permuted(0, 2, 3, 1))
    }
}

/// The autoencoder gave values that are no numbers.
struct NonFinitePicture: Error, CustomStringConvertible {
    var description: String {
        "the decoded picture has values that are not finite numbers; the latent or the autoencoder's weights may be damaged (diorama "
            + "inspect --damaged lists them)"
    }
}
