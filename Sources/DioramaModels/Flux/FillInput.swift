import DioramaNN
import DioramaTensor

/// What Flux's Fill models are shown of the picture whose masked part they make anew.
enum FillInput {
    /// The side of a latent's cell in pixels.
    private static let cell = 8

    /// - Parameters:
    ///   - inpainting: the picture and its mask; nil shows an empty picture all of which is made anew.
    ///   - shape: of the latents, [B, C, H, W].
    ///   - count: how many channels the model takes beside the latent's: none, or the latent's and 64.
    ///   - latentChannels: of the latent.
    ///   - device: where the result is made.
    /// - Returns: [B, count, H, W]; nil where the model takes none.
    /// - Throws: `ModelInputError` where the model takes another number of channels, which Diorama does not know how to make.
    static func channels(
        _ inpainting: InpaintingInput?, for shape: Shape, count: Int, latentChannels: Int, on device: Device
    ) throws -> Tensor? {
        guard count > 0 else { return nil }
        guard count == latentChannels + cell * cell else {
            throw ModelInputError(
                "the model takes \(count) channels beside the latent's \(latentChannels); known is what Flux Fill takes, "
                    + "\(latentChannels) of the picture and \(cell * cell) of the mask")
        }
        let (height, width) = (shape[2], shape[3])
        guard let inpainting else {
            let picture = Tensor.zeros([shape[0], latentChannels, height, width], on: device)
            return .concatenated(
                [picture, .full(1, [shape[0], cell * cell, height, width], on: device)], axis: 1)
        }
        guard inpainting.latent.shape[1] == latentChannels else {
            throw ModelInputError(
                "the picture beside the prompt has a latent of \(inpainting.latent.shape[1]) channels; this model takes \(latentChannels)"
            )
        }
        let picture =
            inpainting.latent.shape[2] == height && inpainting.latent.shape[3] == width
            ? inpainting.latent : resized(inpainting.latent, height: height, width: width, by: .bilinear)
        let mask = resized(
            inpainting.mask, height: cell * height, width: cell * width, by: .bilinear)
        let cells = mask.reshaped(shape[0], height, cell, width, cell).permuted(0, 2, 4, 1, 3)
            .reshaped(shape[0], cell * cell, height, width)
        return .concatenated([picture, cells], axis: 1)
    }
}
