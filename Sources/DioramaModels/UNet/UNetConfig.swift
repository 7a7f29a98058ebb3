public import DioramaWeights

/// The shape of a U-Net of Stable Diffusion 1 or 2, from diffusers' `config.json`.
public struct UNetConfig: Sendable, Hashable {
    /// Channels of the latent.
    public let inputChannels: Int
    /// Channels of what it predicts.
    public let outputChannels: Int
    /// Channels of the feature maps at each level, finest first; each level has half the resolution of the one before.
    public let channels: [Int]
    /// Residual blocks of a level on the way down; there is one more on the way up.
    public let layersPerLevel: Int
    /// Whether the cells of a level attend to each other and to the text.
    public let hasAttention: [Bool]
    /// Attention heads of each level.
    public let heads: [Int]
    /// Width of the text tokens.
    public let contextWidth: Int
    /// Groups of channels that are normalised together.
    public let groups: Int
    /// Width of the vector that says what is asked for beside the time; nil where there is none.
    public let classWidth: Int?

    /// Width of the vector of time.
    public var timeWidth: Int { 4 * channels[0] }

    /// Reads and checks the configuration; throws `WeightsError`.
    public init(_ config: ModelConfig) throws {
        inputChannels = try config.int("in_channels", in: 1...4096, default: 4)
        outputChannels = try config.int("out_channels", in: 1...4096, default: 4)
        channels = try config.ints(
            "block_out_channels", in: 1...65_536, default: [320, 640, 1280, 1280])
        layersPerLevel = try config.int("layers_per_block", in: 1...64, default: 2)
        contextWidth = try config.int("cross_attention_dim", in: 1...65_536, default: 1280)
        groups = try config.int("norm_num_groups", in: 1...4096, default: 32)
        let levels = channels.count
        // diffusers' `attention_head_dim` is the number of heads in these models.
        let heads =
            try (try? config.ints("attention_head_dim", in: 1...1024))
            ?? Array(
                repeating: config.int("attention_head_dim", in: 1...1024, default: 8), count: levels)
        self.heads = heads
        hasAttention = try Self.attention(config, levels: levels)
        classWidth =
            config.contains("class_embed_type")
            ? try config.int("projection_class_embeddings_input_dim", in: 1...65_536) : nil
        try config.require("class_embed_type", among: ["projection"])
        let groups = groups
        guard levels > 0, heads.count == levels, channels[0].isMultiple(of: 2),
            zip(channels, heads).allSatisfy({ $0.isMultiple(of: $1) && $0.isMultiple(of: groups) })
        else {
            throw config.problem(
                "block_out_channels \(channels): expected multiples of norm_num_groups \(groups) and, level by level, of "
                    + "attention_head_dim \(heads)")
        }
    }

    /// Which levels attend, from the types of blocks on the way down, which those on the way up must mirror.
    private static func attention(_ config: ModelConfig, levels: Int) throws -> [Bool] {
        func levelsWithAttention(_ key: String, _ attending: String, _ plain: String) throws -> [Bool]? {
            guard let types = try config.strings(key) else { return nil }
            guard types.count == levels, types.allSatisfy({ $0 == attending || $0 == plain }) else {
                throw config.problem("\(key): expected \(levels) of \(attending) and \(plain)")
            }
            return types.map { $0 == attending }
        }
        let standard = (0..<levels).map { $0 < levels - 1 }
        let down =
            try levelsWithAttention("down_block_types", "CrossAttnDownBlock2D", "DownBlock2D") ?? standard
        let up = try levelsWithAttention("up_block_types", "CrossAttnUpBlock2D", "UpBlock2D")
        guard up.map({ $0.reversed() == down }) ?? true else {
            throw config.problem(
                "up_block_types: expected attention at the levels that down_block_types has it at")
        }
        return down
    }
}
