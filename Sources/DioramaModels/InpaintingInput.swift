public import DioramaTensor

/// A picture that models with an input for it are shown: a control picture, or, with a mask, one of which a part is made anew.
public struct InpaintingInput: Sendable {
    /// The latent of the picture, without its masked part, [B, C, h, w].
    public var latent: Tensor
    /// What is made anew, 1, and what is kept, 0: [B, 1, H, W], in pixels; nil where nothing is masked.
    public var mask: Tensor?

    /// A picture, perhaps with its mask.
    public init(latent: Tensor, mask: Tensor? = nil) {
        self.latent = latent
        self.mask = mask
    }

    /// Bytes that it keeps alive.
    public var byteCount: Int {
        latent.count * latent.dtype.size + (mask.map { $0.count * $0.dtype.size } ?? 0)
    }
}
