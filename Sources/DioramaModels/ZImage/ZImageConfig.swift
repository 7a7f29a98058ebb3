public import DioramaWeights

/// The shape of a Z-Image transformer, from diffusers' `config.json`.
public struct ZImageConfig: Sendable, Hashable {
    /// Channels of the latent.
    public let channels: Int
    /// Width of the tokens.
    public let width: Int
    /// Number of blocks over image and text together.
    public let layers: Int
    /// Number of blocks over each of the two alone, before.
    public let refinerLayers: Int
    /// Number of attention heads.
    public let heads: Int
    /// Added to the mean square in the norms of tokens.
    public let eps: Float
    /// Width of the text tokens.
    public let contextWidth: Int
    /// How many of a head's elements tell frame, row and column.
    public let axes: [Int]
    /// The base of the positions' wavelengths.
    public let theta: Int
    /// What times are multiplied with before their sinusoids are taken.
    public let timeScale: Float

    /// Side of a patch, in latent cells.
    public static let patch = 2
    /// Inner width of the perceptrons.
    public var innerWidth: Int { Int(Double(width) / 3 * 8) }
    /// Width of the vector that modulates the blocks.
    public var conditionWidth: Int { min(width, 256) }

    /// Reads and checks the configuration; throws `WeightsError`.
    public init(_ config: ModelConfig) throws {
        channels = try config.int("in_channels", in: 1...4096, default: 16)
        width = try config.int("dim", in: 2...65_536, default: 3840)
        layers = try config.int("n_layers", in: 0...1024, default: 30)
        refinerLayers = try config.int("n_refiner_layers", in: 0...1024, default: 2)
        heads = try config.int("n_heads", in: 1...1024, default: 30)
        eps = try config.float("norm_eps", default: 1e-5)
        contextWidth = try config.int("cap_feat_dim", in: 1...65_536, default: 2560)
        axes = try config.ints("axes_dims", in: 2...4096, default: [32, 48, 48])
        let base = try config.float("rope_theta", default: 256)
        guard 1...1e9 ~= base else {
            throw config.problem("rope_theta: expected a number in 1...1000000000, found \(base)")
        }
        theta = Int(base)
        timeScale = try config.float("t_scale", default: 1000)
        let keyHeads = try config.int("n_kv_heads", in: 1...1024, default: heads)
        guard width.isMultiple(of: heads), keyHeads == heads else {
            throw config.problem(
                "dim \(width), n_heads \(heads), n_kv_heads \(keyHeads): expected as many key heads as heads, which divide the width"
            )
        }
        guard eps > 0 else { throw config.problem("norm_eps: expected more than 0, found \(eps)") }
        guard try config.bool("qk_norm", default: true) else {
            throw config.problem("qk_norm is false, which is not supported")
        }
        guard axes.count == 3, axes.allSatisfy({ $0.isMultiple(of: 2) }), axes.reduce(0, +) == width / heads
        else {
            throw config.problem(
                "axes_dims: expected 3 even numbers that add up to the head's width, \(width / heads), found \(axes)"
            )
        }
    }
}
