public import DioramaTensor

/// A picture of which a part is made anew, for models that are shown the rest of it.
public struct InpaintingInput: Sendable {
    /// The latent of the picture without its masked part, [B, C, h, w].
    public var latent: Tensor
    /// What is made anew, 1, and what is kept, 0: [B, 1, H, W], in pixels.
    public var mask: Tensor

    /// A picture and its mask.
    public init(latent: Tensor, mask: Tensor) {
        self.latent = latent
        self.mask = mask
    }

    /// Bytes that it keeps alive.
    public var byteCount: Int { latent.count * latent.dtype.size + mask.count * mask.dtype.size }
}
