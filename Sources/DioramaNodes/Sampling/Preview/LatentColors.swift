package import DioramaModels
package import DioramaTensor

/// Which color each channel of a latent stands for, nearly: a matrix that was fitted to pictures of a family.
///
/// The numbers are those that ComfyUI publishes (`comfy/latent_formats.py`, `latent_rgb_factors`).
package struct LatentColors {
    /// Red, green and blue of each channel.
    let factors: [[Float]]
    /// Red, green and blue where all channels are 0.
    let bias: [Float]

    /// Those of the latents of a model; nil where none are known.
    ///
    /// - Parameters:
    ///   - format: how an autoencoder's latents are scaled for the model.
    ///   - channels: of the model's latents.
    /// - Returns: the colors.
    package static func of(_ format: LatentFormat, channels: Int) -> LatentColors? {
        switch (channels, format.scale) {
        case (4, 0.18215): stableDiffusion1
        case (4, 0.13025): stableDiffusionXL
        case (16, 1.5305): stableDiffusion3
        case (16, 0.3611): flux
        case (128, _): flux2
        default: nil
        }
    }

    /// A pixel for each cell of latents as the model has them, [B, C, h, w]: [B, h, w, 3] in 0...1.
    package func pictures(_ latents: Tensor) -> ImageBatch {
        let cells = factors.count * 4 == latents.shape[1] ? Self.unpacked(latents) : latents
        let matrix = Tensor(
            (0..<3).flatMap { color in factors.map { $0[color] } }, [3, factors.count], on: latents.device)
        let colors = linear(
            cells.permuted(0, 2, 3, 1), matrix, bias: Tensor(bias, [3], on: latents.device))
        return ImageBatch(pixels: ((colors + 1) * 0.5).clamped(0, 1))
    }

    /// FLUX.2's cells are squares of four.
    private static func unpacked(_ x: Tensor) -> Tensor {
        let (batch, channels, rows, columns) = (x.shape[0], x.shape[1] / 4, x.shape[2], x.shape[3])
        return x.reshaped(batch, channels, 2, 2, rows, columns).permuted(0, 1, 4, 2, 5, 3)
            .reshaped(batch, channels, rows * 2, columns * 2)
    }
}

extension LatentColors {
    /// Stable Diffusion 1.
    static let stableDiffusion1 = LatentColors(
        factors: [
            [0.3512, 0.2297, 0.3227],
            [0.3250, 0.4974, 0.2350],
            [-0.2829, 0.1762, 0.2721],
            [-0.2120, -0.2616, -0.7177],
        ], bias: [0, 0, 0])

    /// Stable Diffusion XL, and PixArt-Sigma.
    static let stableDiffusionXL = LatentColors(
        factors: [
            [0.3651, 0.4232, 0.4341],
            [-0.2533, -0.0042, 0.1068],
            [0.1076, 0.1111, -0.0362],
            [-0.3165, -0.2492, -0.2188],
        ], bias: [0.1084, -0.0175, -0.0011])

    /// Stable Diffusion 3.
    static let stableDiffusion3 = LatentColors(
        factors: [
            [-0.0922, -0.0175, 0.0749],
            [0.0311, 0.0633, 0.0954],
            [0.1994, 0.0927, 0.0458],
            [0.0856, 0.0339, 0.0902],
            [0.0587, 0.0272, -0.0496],
            [-0.0006, 0.1104, 0.0309],
            [0.0978, 0.0306, 0.0427],
            [-0.0042, 0.1038, 0.1358],
            [-0.0194, 0.0020, 0.0669],
            [-0.0488, 0.0130, -0.0268],
            [0.0922, 0.0988, 0.0951],
            [-0.0278, 0.0524, -0.0542],
            [0.0332, 0.0456, 0.0895],
            [-0.0069, -0.0030, -0.0810],
            [-0.0596, -0.0465, -0.0293],
            [-0.1448, -0.1463, -0.1189],
        ], bias: [0.2394, 0.2135, 0.1925])

    /// FLUX.1, Z-Image and Chroma.
    static let flux = LatentColors(
        factors: [
            [-0.0346, 0.0244, 0.0681],
            [0.0034, 0.0210, 0.0687],
            [0.0275, -0.0668, -0.0433],
            [-0.0174, 0.0160, 0.0617],
            [0.0859, 0.0721, 0.0329],
            [0.0004, 0.0383, 0.0115],
            [0.0405, 0.0861, 0.0915],
            [-0.0236, -0.0185, -0.0259],
            [-0.0245, 0.0250, 0.1180],
            [0.1008, 0.0755, -0.0421],
            [-0.0515, 0.0201, 0.0011],
            [0.0428, -0.0012, -0.0036],
            [0.0817, 0.0765, 0.0749],
            [-0.1264, -0.0522, -0.1103],
            [-0.0280, -0.0881, -0.0499],
            [-0.1262, -0.0982, -0.0778],
        ], bias: [-0.0329, -0.0718, -0.0851])

    /// FLUX.2, of cells that are unpacked.
    static let flux2 = LatentColors(
        factors: [
            [0.0058, 0.0113, 0.0073],
            [0.0495, 0.0443, 0.0836],
            [-0.0099, 0.0096, 0.0644],
            [0.2144, 0.3009, 0.3652],
            [0.0166, -0.0039, -0.0054],
            [0.0157, 0.0103, -0.0160],
            [-0.0398, 0.0902, -0.0235],
            [-0.0052, 0.0095, 0.0109],
            [-0.3527, -0.2712, -0.1666],
            [-0.0301, -0.0356, -0.0180],
            [-0.0107, 0.0078, 0.0013],
            [0.0746, 0.0090, -0.0941],
            [0.0156, 0.0169, 0.0070],
            [-0.0034, -0.0040, -0.0114],
            [0.0032, 0.0181, 0.0080],
            [-0.0939, -0.0008, 0.0186],
            [0.0018, 0.0043, 0.0104],
            [0.0284, 0.0056, -0.0127],
            [-0.0024, -0.0022, -0.0030],
            [0.1207, -0.0026, 0.0065],
            [0.0128, 0.0101, 0.0142],
            [0.0137, -0.0072, -0.0007],
            [0.0095, 0.0092, -0.0059],
            [0.0000, -0.0077, -0.0049],
            [-0.0465, -0.0204, -0.0312],
            [0.0095, 0.0012, -0.0066],
            [0.0290, -0.0034, 0.0025],
            [0.0220, 0.0169, -0.0048],
            [-0.0332, -0.0457, -0.0468],
            [-0.0085, 0.0389, 0.0609],
            [-0.0076, 0.0003, -0.0043],
            [-0.0111, -0.0460, -0.0614],
        ], bias: [-0.0329, -0.0718, -0.0851])
}
