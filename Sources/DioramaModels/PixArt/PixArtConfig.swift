public import DioramaWeights

/// The shape of a PixArt-Sigma transformer, from diffusers' `config.json`.
public struct PixArtConfig: Sendable, Hashable {
    /// Channels of the latent.
    public let channels: Int
    /// Channels of the output: those of the noise first, then those of its variance.
    public let outputChannels: Int
    /// Side of a patch, in latent cells.
    public let patch: Int
    /// Number of blocks.
    public let layers: Int
    /// Number of attention heads.
    public let heads: Int
    /// Width of one head.
    public let headWidth: Int
    /// Width of the text tokens.
    public let contextWidth: Int
    /// Side of the latents that it was trained on.
    public let sampleSize: Int
    /// What positions are divided by, so that larger pictures have those of smaller ones.
    public let interpolation: Double

    /// Width of the tokens.
    public var width: Int { heads * headWidth }

    /// Reads and checks the configuration; throws `WeightsError`.
    public init(_ config: ModelConfig) throws {
        channels = try config.int("in_channels", in: 1...4096, default: 4)
        patch = try config.int("patch_size", in: 1...64, default: 2)
        outputChannels = try config.int("out_channels", in: 1...4096, default: 8)
        layers = try config.int("num_layers", in: 0...1024, default: 28)
        heads = try config.int("num_attention_heads", in: 1...1024, default: 16)
        headWidth = try config.int("attention_head_dim", in: 1...4096, default: 72)
        contextWidth = try config.int("caption_channels", in: 1...65_536, default: 4096)
        sampleSize = try config.int("sample_size", in: 1...65_536, default: 128)
        interpolation = Double(
            try config.float("interpolation_scale", default: Float(max(sampleSize / 64, 1))))
        let across = try config.int("cross_attention_dim", in: 1...1_048_576, default: heads * headWidth)
        guard across == heads * headWidth, (heads * headWidth).isMultiple(of: 4) else {
            throw config.problem(
                "cross_attention_dim, \(across): expected num_attention_heads × attention_head_dim, \(heads * headWidth), a multiple of 4"
            )
        }
        guard outputChannels >= channels else {
            throw config.problem("out_channels, \(outputChannels), is less than in_channels, \(channels)")
        }
        guard interpolation > 0, sampleSize >= patch else {
            throw config.problem(
                "interpolation_scale \(interpolation), sample_size \(sampleSize): expected more than 0, and at least patch_size, \(patch)"
            )
        }
        guard try !config.bool("use_additional_conditions", default: sampleSize == 128) else {
            throw config.problem(
                "use_additional_conditions is true: this is PixArt-alpha, which is told sizes and is not supported; PixArt-Sigma is"
            )
        }
    }
}
