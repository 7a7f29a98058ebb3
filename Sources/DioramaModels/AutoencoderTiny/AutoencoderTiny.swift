import DioramaNN
public import DioramaTensor
public import DioramaWeights

/// A tiny autoencoder: one that was taught to do nearly what a large one does in a hundredth of the time, for previews.
///
/// [TAESD](https://github.com/madebyollin/taesd) and its kin for other families; names as in diffusers' `AutoencoderTiny`. It has
/// been taught on latents as the diffusion model has them; ``latentFormat`` takes those that lie between nodes there.
public struct AutoencoderTiny: Autoencoder {
    /// Channels of a latent.
    public let latentChannels: Int
    /// Pixels that a latent's cell covers each way.
    public let factor: Int
    /// How latents are scaled for it: as for its family's diffusion model.
    public let latentFormat: LatentFormat
    private let encoder: TinyNetwork?
    private let decoder: TinyNetwork
    /// Whether squares of four cells are one of four times the channels, as FLUX.2 has its latents.
    private let isPacked: Bool

    /// Takes the weights of `decoder.layers` and, where there are such, of `encoder.layers`; their number and kind are known by their names.
    ///
    /// - Parameters:
    ///   - w: where both are.
    ///   - latentFormat: how latents are scaled for it.
    /// - Throws: `WeightsError` where a tensor is missing or of another shape.
    public init(_ w: Weights, latentFormat: LatentFormat) throws {
        try self.init(encoder: w["encoder.layers"], decoder: w["decoder.layers"], latentFormat)
    }

    /// As `init(_:latentFormat:)`, from weights that may be of two files.
    init(encoder: Weights?, decoder: Weights, _ latentFormat: LatentFormat) throws {
        self.latentFormat = latentFormat
        self.decoder = try TinyNetwork(decoderOf: decoder)
        self.encoder = try encoder.flatMap {
            TinyNetwork.last(in: $0) == nil ? nil : try TinyNetwork(encoderOf: $0)
        }
        let channels = self.decoder.inputChannels
        guard self.decoder.outputChannels == 3, self.encoder?.inputChannels ?? 3 == 3,
            self.encoder?.outputChannels ?? channels == channels,
            self.encoder?.scale ?? self.decoder.scale == self.decoder.scale
        else {
            throw WeightsError(
                decoder.place,
                "the decoder makes pictures of \(self.decoder.outputChannels) channels from latents of \(channels), the encoder latents of "
                    + "\(self.encoder?.outputChannels ?? channels) from pictures of \(self.encoder?.inputChannels ?? 3); expected 3 and as many"
            )
        }
        isPacked = self.decoder.hasPooling && channels == 32
        latentChannels = isPacked ? 4 * channels : channels
        factor = self.decoder.scale * (isPacked ? 2 : 1)
    }

    /// The latents of pictures; throws `ModelInputError` for another shape, and where there is a decoder alone.
    public func latents(of image: Tensor) throws -> Tensor {
        guard let encoder else {
            throw ModelInputError(
                "this tiny autoencoder has a decoder alone; its encoder is a file of its own beside it")
        }
        try check(image: image.shape)
        let latents = encoder(image * 0.5 + 0.5)
        return latentFormat.toAutoencoder(isPacked ? pixelUnshuffle(latents, by: 2) : latents)
    }

    /// The pictures of latents; throws `ModelInputError` for another shape.
    public func pictures(of latents: Tensor) throws -> Tensor {
        try check(latent: latents.shape)
        let scaled = latentFormat.toModel(latents)
        let cells = isPacked ? pixelShuffle(scaled, by: 2) : scaled
        // Values beyond what latents are bounded by would only make the picture worse.
        return decoder(tanh(cells / 3) * 3) * 2 - 1
    }

    /// In one piece: a tile would save little where features are few.
    public func latents(of image: Tensor, tile: Int) throws -> Tensor { try latents(of: image) }

    /// In one piece: a tile would save little where features are few.
    public func pictures(of latents: Tensor, tile: Int) throws -> Tensor { try pictures(of: latents) }
}
