public import DioramaWeights

/// The shape of a KL autoencoder, from diffusers' `config.json`.
public struct AutoencoderKLConfig: Sendable {
    /// Channels of the picture read.
    public let inputChannels: Int
    /// Channels of the picture written.
    public let outputChannels: Int
    /// Channels of the encoder's latent.
    public let encodedChannels: Int
    /// Channels of each level, from the picture's own resolution down.
    public let channels: [Int]
    /// The same of the decoder, which has fewer in FLUX.2's small one.
    public let decoderChannels: [Int]
    /// The side of the squares of cells that become one cell for the diffusion model; 1 where each stays its own.
    public let packing: Int
    /// Added to the variance of packed latents.
    let packingEps: Float
    /// Residual blocks a level in the encoder; the decoder has one more.
    public let layersPerLevel: Int
    /// Groups of the group norms, which divide each of `channels`.
    public let groups: Int
    /// Whether a 1x1 convolution follows the encoder.
    public let hasQuantConv: Bool
    /// Whether a 1x1 convolution precedes the decoder.
    public let hasPostQuantConv: Bool
    /// Whether the middle has attention.
    public let hasMidAttention: Bool
    /// How latents are scaled for the diffusion model.
    public let latentFormat: LatentFormat

    /// Channels of the diffusion model's latent.
    public var latentChannels: Int { encodedChannels * packing * packing }

    /// Pixels a cell of the diffusion model's latent covers, each way.
    public var factor: Int { packing << (channels.count - 1) }

    /// Reads and checks the configuration; throws `WeightsError`.
    public init(_ config: ModelConfig) throws {
        inputChannels = try config.int("in_channels", in: 1...64, default: 3)
        outputChannels = try config.int("out_channels", in: 1...64, default: 3)
        encodedChannels = try config.int("latent_channels", in: 1...4096, default: 4)
        channels = try config.ints("block_out_channels", in: 1...65_536)
        decoderChannels = try config.ints(
            "decoder_block_out_channels", in: 1...65_536, default: channels)
        let square = try config.ints("patch_size", in: 1...16, default: [1, 1])
        guard square.count == 2, square[0] == square[1] else {
            throw config.problem("patch_size: expected two equal numbers, found \(square)")
        }
        packing = square[0]
        packingEps = try config.float("batch_norm_eps", default: 1e-4)
        guard packingEps > 0 else {
            throw config.problem("batch_norm_eps: expected more than 0, found \(packingEps)")
        }
        layersPerLevel = try config.int("layers_per_block", in: 1...64, default: 1)
        groups = try config.int("norm_num_groups", in: 1...65_536, default: 32)
        hasQuantConv = try config.bool("use_quant_conv", default: true)
        hasPostQuantConv = try config.bool("use_post_quant_conv", default: true)
        hasMidAttention = try config.bool("mid_block_add_attention", default: true)
        latentFormat =
            packing > 1
            ? LatentFormat(scale: 1, shift: 0) : try LatentFormat(config, channels: encodedChannels)
        guard 1...8 ~= channels.count else {
            throw config.problem("block_out_channels: expected 1 to 8 levels, found \(channels.count)")
        }
        guard decoderChannels.count == channels.count else {
            throw config.problem(
                "decoder_block_out_channels: expected \(channels.count) levels, as the encoder has, found \(decoderChannels.count)"
            )
        }
        for (key, counts) in [
            ("block_out_channels", channels), ("decoder_block_out_channels", decoderChannels),
        ] where !counts.allSatisfy({ $0.isMultiple(of: groups) }) {
            throw config.problem("norm_num_groups, \(groups), does not divide \(key), \(counts)")
        }
        try config.require("act_fn", among: ["silu"])
        try config.require("down_block_types", among: ["DownEncoderBlock2D"])
        try config.require("up_block_types", among: ["UpDecoderBlock2D"])
        for key in ["down_block_types", "up_block_types"] {
            guard let types = try config.strings(key), types.count != channels.count else { continue }
            throw config.problem(
                "\(key) has \(types.count) entries, block_out_channels has \(channels.count)")
        }
    }
}
