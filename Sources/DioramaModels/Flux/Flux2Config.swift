public import DioramaWeights

/// The shape of a FLUX.2 transformer, from diffusers' `config.json`.
public struct Flux2Config: Sendable, Hashable {
    /// Channels of the latent, whose cells are the model's patches.
    public let latentChannels: Int
    /// Number of blocks with two streams.
    public let layers: Int
    /// Number of blocks with one.
    public let singleLayers: Int
    /// Number of attention heads.
    public let heads: Int
    /// Width of one head.
    public let headWidth: Int
    /// Width of the text tokens.
    public let contextWidth: Int
    /// Width of the sinusoids of time and guidance.
    public let timeWidth: Int
    /// Inner width of the perceptrons, as a multiple of the tokens'.
    public let ratio: Int
    /// Whether it was distilled with guidance, whose scale it is told.
    public let hasGuidance: Bool
    /// How many of a head's elements tell frame, row, column and text position.
    public let axes: [Int]
    /// The base of the positions' wavelengths.
    public let theta: Int

    /// Width of the tokens.
    public var width: Int { heads * headWidth }

    /// Reads and checks the configuration; throws `WeightsError`.
    public init(_ config: ModelConfig) throws {
        latentChannels = try config.int("in_channels", in: 1...65_536, default: 128)
        layers = try config.int("num_layers", in: 0...1024, default: 8)
        singleLayers = try config.int("num_single_layers", in: 0...1024, default: 48)
        heads = try config.int("num_attention_heads", in: 1...1024, default: 48)
        headWidth = try config.int("attention_head_dim", in: 2...4096, default: 128)
        contextWidth = try config.int("joint_attention_dim", in: 1...1_048_576, default: 15_360)
        timeWidth = try config.int("timestep_guidance_channels", in: 2...65_536, default: 256)
        let ratio = try config.float("mlp_ratio", default: 3)
        guard ratio >= 1, ratio <= 64, ratio.rounded() == ratio else {
            throw config.problem("mlp_ratio: expected a whole number from 1 to 64, found \(ratio)")
        }
        self.ratio = Int(ratio)
        hasGuidance = try config.bool("guidance_embeds", default: true)
        axes = try config.ints("axes_dims_rope", in: 2...4096, default: [32, 32, 32, 32])
        theta = try config.int("rope_theta", in: 1...1_000_000_000, default: 2000)
        try config.requireAxes(axes, count: 4, of: headWidth)
        guard timeWidth.isMultiple(of: 2) else {
            throw config.problem("timestep_guidance_channels: expected an even number, found \(timeWidth)")
        }
    }
}
