public import DioramaWeights

/// The shape of a Stable Diffusion 3 transformer, from diffusers' `config.json`.
public struct SD3Config: Sendable, Hashable {
    /// Channels of the latent.
    public let channels: Int
    /// Channels of the velocity.
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
    /// Width of the pooled text vector.
    public let pooledWidth: Int
    /// Side of the stored table of positions, in patches: the largest picture.
    public let positions: Int
    /// The blocks whose image tokens have a second attention of their own.
    public let dualAttentionLayers: Set<Int>
    /// Whether queries and keys are normed, head by head.
    public let normsQueriesAndKeys: Bool

    /// Width of the tokens.
    public var width: Int { heads * headWidth }

    /// Reads and checks the configuration; throws `WeightsError`.
    public init(_ config: ModelConfig) throws { try self.init(config, hasText: true) }

    /// Reads that of a transformer, or of a ControlNet, which may have neither text tokens nor a table of positions.
    init(_ config: ModelConfig, hasText: Bool) throws {
        channels = try config.int("in_channels", in: 1...4096)
        outputChannels = try config.int("out_channels", in: 1...4096, default: channels)
        patch = try config.int("patch_size", in: 1...64)
        layers = try config.int("num_layers", in: 1...1024)
        heads = try config.int("num_attention_heads", in: 1...1024)
        headWidth = try config.int("attention_head_dim", in: 1...4096)
        contextWidth = hasText ? try config.int("joint_attention_dim", in: 1...65_536) : 0
        pooledWidth = try config.int("pooled_projection_dim", in: 1...65_536)
        positions = hasText ? try config.int("pos_embed_max_size", in: 1...4096) : 0
        dualAttentionLayers = Set(
            try config.ints("dual_attention_layers", in: 0...(layers - 1), default: []))
        let captionWidth = try config.int("caption_projection_dim", in: 1...1_048_576)
        guard captionWidth == heads * headWidth else {
            throw config.problem(
                "caption_projection_dim, \(captionWidth), is not num_attention_heads × attention_head_dim, \(heads * headWidth)"
            )
        }
        guard outputChannels == channels else {
            throw config.problem("out_channels, \(outputChannels), differs from in_channels, \(channels)")
        }
        try config.require("qk_norm", among: ["rms_norm"])
        normsQueriesAndKeys = config.contains("qk_norm")
    }
}
