import DioramaNN
public import DioramaTensor
public import DioramaWeights

/// The KL-regularised autoencoder of latent diffusion: pictures to latents of an eighth of their size, and back.
///
/// Rombach et al., [High-Resolution Image Synthesis with Latent Diffusion Models](https://arxiv.org/abs/2112.10752); names as in
/// diffusers' `AutoencoderKL`. Latents here are the autoencoder's own; `config.latentFormat` scales them for the diffusion model.
public struct AutoencoderKL: Sendable {
    /// The distribution of latents of a picture: independent normals.
    public struct Posterior: Sendable {
        /// Its mean, which is also its mode, [B, C, H / f, W / f].
        public let mean: Tensor
        /// The logarithm of its variance, clamped to -30...20, [B, C, H / f, W / f].
        public let logVariance: Tensor

        /// A sample, made of standard normal noise of the mean's shape.
        public func sample(_ noise: Tensor) -> Tensor { mean + exp(logVariance * 0.5) * noise }
    }

    /// Its shape.
    public let config: AutoencoderKLConfig
    let encoder: AutoencoderEncoder
    let decoder: AutoencoderDecoder
    private let quantConv: Conv2d?
    private let postQuantConv: Conv2d?
    private let packing: LatentPacking?

    /// Takes the weights; throws where any is missing or of another shape.
    public init(_ w: Weights, _ config: AutoencoderKLConfig) throws {
        self.config = config
        encoder = try AutoencoderEncoder(w["encoder"], config)
        decoder = try AutoencoderDecoder(w["decoder"], config)
        let (moments, latent) = (2 * config.encodedChannels, config.encodedChannels)
        quantConv =
            config.hasQuantConv ? try Conv2d(w["quant_conv"], from: moments, to: moments, kernel: 1) : nil
        postQuantConv =
            config.hasPostQuantConv
            ? try Conv2d(w["post_quant_conv"], from: latent, to: latent, kernel: 1) : nil
        packing =
            config.packing > 1
            ? try LatentPacking(
                w, channels: config.encodedChannels, side: config.packing, eps: config.packingEps) : nil
    }

    /// Under which names files have its tensors.
    public static func names(_ config: AutoencoderKLConfig, prefix: String = "") -> TensorNames {
        AutoencoderNames.tensors(levels: config.channels.count, prefix: prefix)
    }

    /// The latents of pictures, [B, 3, H, W] in -1...1, whose sides are multiples of `config.factor`.
    ///
    /// Image to image takes the mean, as ComfyUI does; diffusers samples. Throws `ModelInputError` for another shape.
    public func encode(_ image: Tensor) throws -> Posterior {
        try check(image: image.shape, channels: config.inputChannels)
        return posterior(encoder(image))
    }

    /// The pictures of latents [B, C, h, w]: [B, 3, h f, w f] in about -1...1, not clamped.
    ///
    /// Throws `ModelInputError` for another shape.
    public func decode(_ latent: Tensor) throws -> Tensor {
        try check(latent: latent.shape)
        return decoder(decoderInput(latent))
    }

    /// The distribution told by the encoder's output.
    func posterior(_ encoded: Tensor) -> Posterior {
        let moments = (quantConv?(encoded) ?? encoded).chunked(into: 2, axis: 1)
        let (mean, logVariance) = (moments[0], moments[1].clamped(-30, 20))
        guard let packing else { return Posterior(mean: mean, logVariance: logVariance) }
        return Posterior(mean: packing.packed(mean), logVariance: packing.packedLogVariance(logVariance))
    }

    /// What the decoder reads for `latent`.
    func decoderInput(_ latent: Tensor) -> Tensor {
        let encoded = packing?.unpacked(latent) ?? latent
        return postQuantConv?(encoded) ?? encoded
    }
}
