public import DioramaWeights

/// The shape of a Chroma transformer, from diffusers' `config.json`.
public struct ChromaConfig: Sendable, Hashable {
    /// Channels of the latent.
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
    /// How many of a head's elements tell frame, row and column.
    public let axes: [Int]
    /// Width of what the network that makes the modulations reads.
    public let approximatorInput: Int
    /// Its inner width.
    public let approximatorWidth: Int
    /// Its layers.
    public let approximatorLayers: Int

    /// Width of the tokens.
    public var width: Int { heads * headWidth }
    /// How many vectors modulate the blocks: shift, scale and gate of each, and shift and scale of the last norm.
    public var modulations: Int { 3 * singleLayers + 12 * layers + 2 }

    /// Reads and checks the configuration; throws `WeightsError`.
    public init(_ config: ModelConfig) throws {
        let cells = FluxConfig.patch * FluxConfig.patch
        let input = try config.int("in_channels", in: 4...65_536, default: 64)
        let output = try config.int("out_channels", in: 4...65_536, default: input)
        guard input.isMultiple(of: cells), output == input else {
            throw config.problem(
                "in_channels \(input), out_channels \(output): expected equal multiples of \(cells)")
        }
        latentChannels = input / cells
        layers = try config.int("num_layers", in: 0...1024, default: 19)
        singleLayers = try config.int("num_single_layers", in: 0...1024, default: 38)
        heads = try config.int("num_attention_heads", in: 1...1024, default: 24)
        headWidth = try config.int("attention_head_dim", in: 2...4096, default: 128)
        contextWidth = try config.int("joint_attention_dim", in: 1...65_536, default: 4096)
        axes = try config.ints("axes_dims_rope", in: 2...4096, default: [16, 56, 56])
        approximatorInput = try config.int("approximator_num_channels", in: 8...65_536, default: 64)
        approximatorWidth = try config.int("approximator_hidden_dim", in: 1...65_536, default: 5120)
        approximatorLayers = try config.int("approximator_layers", in: 0...1024, default: 5)
        try config.requireAxes(axes, count: 3, of: headWidth)
        guard approximatorInput.isMultiple(of: 8) else {
            throw config.problem(
                "approximator_num_channels: expected a multiple of 8, found \(approximatorInput)")
        }
    }
}
