public import DioramaWeights

/// The shape of a Flux transformer, from diffusers' `config.json`.
public struct FluxConfig: Sendable, Hashable {
    /// Channels of the latent.
    public let latentChannels: Int
    /// Channels of the latent and of what the model is shown beside it.
    public private(set) var inputChannels: Int
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
    /// Width of the pooled text vector.
    public let pooledWidth: Int
    /// Whether it was distilled with guidance, whose scale it is told.
    public let hasGuidance: Bool
    /// How many of a head's elements tell frame, row and column.
    public let axes: [Int]

    /// Side of a patch, in latent cells.
    public static let patch = 2
    /// Width of the tokens.
    public var width: Int { heads * headWidth }

    /// The same for a model that is shown other channels, as an adapter may have it.
    func taking(inputChannels: Int) -> FluxConfig {
        var copy = self
        copy.inputChannels = inputChannels
        return copy
    }

    /// Reads and checks the configuration; throws `WeightsError`.
    public init(_ config: ModelConfig) throws {
        let cells = Self.patch * Self.patch
        let input = try config.int("in_channels", in: 4...65_536, default: 64)
        let output = try config.int("out_channels", in: 4...65_536, default: input)
        guard input.isMultiple(of: cells), output.isMultiple(of: cells), output <= input else {
            throw config.problem("in_channels \(input), out_channels \(output): expected multiples of 4")
        }
        (inputChannels, latentChannels) = (input / cells, output / cells)
        layers = try config.int("num_layers", in: 0...1024, default: 19)
        singleLayers = try config.int("num_single_layers", in: 0...1024, default: 38)
        heads = try config.int("num_attention_heads", in: 1...1024, default: 24)
        headWidth = try config.int("attention_head_dim", in: 2...4096, default: 128)
        contextWidth = try config.int("joint_attention_dim", in: 1...65_536, default: 4096)
        pooledWidth = try config.int("pooled_projection_dim", in: 1...65_536, default: 768)
        hasGuidance = try config.bool("guidance_embeds", default: false)
        axes = try config.ints("axes_dims_rope", in: 2...4096, default: [16, 56, 56])
        try config.requireAxes(axes, count: 3, of: headWidth)
    }
}

extension ModelConfig {
    /// Throws where `axes_dims_rope` does not share out a head's elements in pairs.
    func requireAxes(_ axes: [Int], count: Int, of headWidth: Int) throws {
        guard axes.count == count, axes.allSatisfy({ $0.isMultiple(of: 2) }),
            axes.reduce(0, +) == headWidth
        else {
            throw problem(
                "axes_dims_rope: expected \(count) even numbers that add up to attention_head_dim, \(headWidth), found \(axes)"
            )
        }
    }
}
