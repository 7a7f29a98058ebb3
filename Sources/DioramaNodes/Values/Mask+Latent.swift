import DioramaNN
import DioramaTensor

extension Mask {
    /// The masks at the size of latents, one for each: `[B, 1, H, W]`.
    ///
    /// Scaled bilinearly, and repeated or cut to the batch, as ComfyUI's `reshape_mask` does. The masks must not be empty.
    ///
    /// - Parameter latent: the latents' shape, `[B, C, H, W]`.
    /// - Returns: coverage for each cell of each latent.
    func planes(for latent: Shape) -> Tensor {
        let (count, height, width) = (coverage.shape[0], coverage.shape[1], coverage.shape[2])
        var planes = coverage.reshaped(count, 1, height, width)
        if height != latent[2] || width != latent[3] {
            planes = DioramaNN.resized(planes, height: latent[2], width: latent[3], by: .bilinear)
        }
        let repeats = (latent[0] + count - 1) / count
        return planes.repeated(repeats, axis: 0)[0..<latent[0]]
    }
}
