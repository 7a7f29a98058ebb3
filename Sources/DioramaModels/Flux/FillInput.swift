import DioramaNN
import DioramaTensor

/// What Flux's models for control (Canny, Depth) and Fill are shown beside their latent: a picture, and Fill its mask.
///
/// As ComfyUI's `Flux.concat_cond`.
enum FillInput {
    /// The side of a latent's cell in pixels.
    private static let cell = 8

    /// - Parameters:
    ///   - shown: the picture, and the mask of what is made anew; nil shows an empty picture, all of which is made anew.
    ///   - shape: of the latents, [B, C, H, W].
    ///   - count: how many channels the model takes beside the latent's: none, as many, or 64 more.
    ///   - latentChannels: of the latent.
    ///   - device: where the result is made.
    /// - Returns: [B, count, H, W]; nil where the model takes none.
    /// - Throws: `ModelInputError` where the model takes another number of channels, which Diorama does not know how to make.
    static func channels(
        _ shown: InpaintingInput?, for shape: Shape, count: Int, latentChannels: Int, on device: Device
    ) throws -> Tensor? {
        guard count > 0 else { return nil }
        guard count == latentChannels || count == latentChannels + cell * cell else {
            throw ModelInputError(
                "the model takes \(count) channels beside the latent's \(latentChannels); known is what Flux's models for control take, "
                    + "\(latentChannels) of a picture, and what Flux Fill takes, \(cell * cell) of its mask besides"
            )
        }
        let (height, width) = (shape[2], shape[3])
        let latent = shown?.latent ?? .zeros([shape[0], latentChannels, height, width], on: device)
        guard latent.shape[1] == latentChannels else {
            throw ModelInputError(
                "the picture beside the prompt has a latent of \(latent.shape[1]) channels; this model takes \(latentChannels)"
            )
        }
        let picture = fitted(latent, height: height, width: width)
        guard count > latentChannels else { return picture }
        guard let mask = shown?.mask else {
            return .concatenated(
                [picture, .full(1, [shape[0], cell * cell, height, width], on: device)], axis: 1)
        }
        let cells = fitted(mask, height: cell * height, width: cell * width)
            .reshaped(shape[0], height, cell, width, cell).permuted(0, 2, 4, 1, 3)
            .reshaped(shape[0], cell * cell, height, width)
        return .concatenated([picture, cells], axis: 1)
    }

    /// A picture cut around the middle to the wanted aspect, then at the wanted size.
    private static func fitted(_ x: Tensor, height: Int, width: Int) -> Tensor {
        let (rows, columns) = (x.shape[2], x.shape[3])
        guard rows != height || columns != width else { return x }
        let (found, wanted) = (Double(columns) / Double(rows), Double(width) / Double(height))
        func edge(_ length: Int, _ part: Double) -> Int {
            Int(((Double(length) - Double(length) * part) / 2).rounded(.toNearestOrEven))
        }
        let (left, top) = (
            found > wanted ? edge(columns, wanted / found) : 0,
            found < wanted ? edge(rows, found / wanted) : 0
        )
        let cut = x.narrowed(axis: 2, top..<rows - top).narrowed(axis: 3, left..<columns - left)
        return resized(cut, height: height, width: width, by: .bilinear)
    }
}
