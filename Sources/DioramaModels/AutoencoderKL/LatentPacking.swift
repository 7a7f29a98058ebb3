import DioramaNN
import DioramaTensor
import DioramaWeights

/// What FLUX.2's autoencoder does to latents behind the encoder and before the decoder: squares of cells become one cell of more channels,
/// each less its mean and divided by its deviation over the training pictures.
///
/// As the batch norm of diffusers' `AutoencoderKLFlux2`, which its pipeline applies.
struct LatentPacking: Sendable {
    /// [1, C, 1, 1].
    private let mean, deviation: Tensor
    /// The side of a square.
    private let side: Int

    /// Takes the statistics `bn.running_mean` and `bn.running_var`, [side² · channels].
    init(_ w: Weights, channels: Int, side: Int, eps: Float) throws {
        let count = side * side * channels
        mean = try w.tensor("bn.running_mean", [count]).asType(.f32).reshaped(1, count, 1, 1)
        deviation = sqrt(try w.tensor("bn.running_var", [count]).asType(.f32) + eps).reshaped(1, count, 1, 1)
        w["bn.num_batches_tracked"].skip()
        self.side = side
    }

    /// The encoder's latents [B, C, H, W], sides multiples of the square's, as the diffusion model has them: [B, side² C, H / side, W / side].
    func packed(_ x: Tensor) -> Tensor { (squares(x) - mean) / deviation }

    /// Logarithms of variances as those of packed latents.
    func packedLogVariance(_ x: Tensor) -> Tensor { squares(x) - log(deviation) * 2 }

    /// The diffusion model's latents as the decoder has them.
    func unpacked(_ x: Tensor) -> Tensor { pixelShuffle(x * deviation + mean, by: side) }

    private func squares(_ x: Tensor) -> Tensor { pixelUnshuffle(x, by: side) }
}
