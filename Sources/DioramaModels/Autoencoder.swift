public import DioramaTensor

/// A way from pictures to latents and back: what nodes know of an autoencoder.
///
/// Latents are the autoencoder's own, as they lie between nodes: a sampler scales them for its model (``LatentFormat``).
public protocol Autoencoder: Sendable {
    /// Channels of a latent.
    var latentChannels: Int { get }
    /// Pixels that a latent's cell covers each way.
    var factor: Int { get }

    /// The latents of pictures.
    ///
    /// - Parameter image: [B, 3, H, W] in -1...1, sides multiples of ``factor``.
    /// - Returns: [B, C, H / factor, W / factor]; the mean where the encoder tells a distribution.
    /// - Throws: `ModelInputError` for another shape.
    func latents(of image: Tensor) throws -> Tensor

    /// The pictures of latents.
    ///
    /// - Parameter latents: [B, C, h, w].
    /// - Returns: [B, 3, h factor, w factor] in about -1...1, not clamped.
    /// - Throws: `ModelInputError` for another shape.
    func pictures(of latents: Tensor) throws -> Tensor

    /// As `latents(of:)`, by tiles of so many cells each way where that saves memory.
    func latents(of image: Tensor, tile: Int) throws -> Tensor

    /// As `pictures(of:)`, by tiles of so many cells each way where that saves memory.
    func pictures(of latents: Tensor, tile: Int) throws -> Tensor
}

extension Autoencoder {
    func check(image: Shape, channels: Int = 3) throws {
        guard image.rank == 4, image[1] == channels, image.dims.allSatisfy({ $0 > 0 }),
            image[2].isMultiple(of: factor), image[3].isMultiple(of: factor)
        else {
            throw ModelInputError(
                "the picture is \(image); this autoencoder takes [B, \(channels), H, W] with sides that are multiples of "
                    + "\(factor)")
        }
    }

    func check(latent: Shape) throws {
        guard latent.rank == 4, latent[1] == latentChannels, latent.dims.allSatisfy({ $0 > 0 }) else {
            throw ModelInputError(
                "the latent is \(latent); this autoencoder takes [B, \(latentChannels), H, W]: it may be another model's"
            )
        }
    }
}

extension AutoencoderKL: Autoencoder {
    /// Channels of a latent, as the diffusion model has it.
    public var latentChannels: Int { config.latentChannels }
    /// Pixels that a latent's cell covers each way.
    public var factor: Int { config.factor }

    /// The means of ``encode(_:)``.
    public func latents(of image: Tensor) throws -> Tensor { try encode(image).mean }
    /// As ``decode(_:)``.
    public func pictures(of latents: Tensor) throws -> Tensor { try decode(latents) }
    /// The means of ``encodeTiled(_:tile:)``.
    public func latents(of image: Tensor, tile: Int) throws -> Tensor {
        try encodeTiled(image, tile: tile).mean
    }
    /// As ``decodeTiled(_:tile:)``.
    public func pictures(of latents: Tensor, tile: Int) throws -> Tensor {
        try decodeTiled(latents, tile: tile)
    }
}
