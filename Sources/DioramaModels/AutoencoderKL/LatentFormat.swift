public import DioramaTensor
import DioramaWeights

/// How an autoencoder's latents are scaled for the diffusion model, and back.
public struct LatentFormat: Sendable, Hashable {
    /// Multiplies latents after the shift.
    public let scale: Float
    /// Subtracted from latents.
    public let shift: Float
    /// Mean and standard deviation of each channel, in place of the shift where an autoencoder has them.
    public let statistics: [ChannelStatistics]?

    /// Mean and standard deviation of one channel.
    public struct ChannelStatistics: Sendable, Hashable {
        /// Mean of the channel over the training pictures.
        public let mean: Float
        /// Standard deviation of the channel, more than 0.
        public let deviation: Float
    }

    /// A scale and a shift for all channels; the scale is not 0.
    public init(scale: Float, shift: Float) {
        self.scale = scale
        self.shift = shift
        statistics = nil
    }

    init(_ config: ModelConfig, channels: Int) throws {
        scale = try config.float("scaling_factor", default: 0.18215)
        shift = try config.float("shift_factor", default: 0)
        guard scale != 0 else { throw config.problem("scaling_factor is 0") }
        guard let means = try config.floats("latents_mean"), let deviations = try config.floats("latents_std")
        else {
            statistics = nil
            return
        }
        guard means.count == channels, deviations.count == channels, deviations.allSatisfy({ $0 > 0 }) else {
            throw config.problem(
                "latents_mean and latents_std: expected \(channels) numbers each, deviations above 0")
        }
        statistics = zip(means, deviations).map { ChannelStatistics(mean: $0, deviation: $1) }
    }

    /// Latents as the diffusion model has them, from those of the autoencoder: [B, C, H, W] to the same.
    public func toModel(_ latent: Tensor) -> Tensor {
        guard let (mean, deviation) = channels(on: latent.device) else { return (latent - shift) * scale }
        return (latent - mean) * scale / deviation
    }

    /// Latents as the autoencoder has them, from those of the diffusion model: [B, C, H, W] to the same.
    public func toAutoencoder(_ latent: Tensor) -> Tensor {
        guard let (mean, deviation) = channels(on: latent.device) else { return latent / scale + shift }
        return latent * deviation / scale + mean
    }

    private func channels(on device: Device) -> (mean: Tensor, deviation: Tensor)? {
        statistics.map { channels in
            (
                Tensor(channels.map(\.mean), [1, channels.count, 1, 1], on: device),
                Tensor(channels.map(\.deviation), [1, channels.count, 1, 1], on: device)
            )
        }
    }
}
