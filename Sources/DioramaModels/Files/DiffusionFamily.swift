import DioramaJSON
import DioramaTensor
import DioramaWeights

/// A family of diffusion models: how its files are recognised and read.
struct DiffusionFamily: Sendable {
    /// What people call it.
    let name: String
    /// How latents are scaled for it.
    let latentFormat: LatentFormat
    /// Whether the keys are this family's.
    let recognises: @Sendable (FileShapes) -> Bool
    /// How its noise is measured.
    let schedule: @Sendable (FileShapes) -> NoiseSchedule
    /// The configuration as diffusers would have written it.
    let config: @Sendable (FileShapes) throws -> ModelConfig
    /// Channels of the latents of a configuration.
    let latentChannels: @Sendable (ModelConfig) throws -> Int
    /// The model of a configuration, and the weights it has taken.
    let make: Make

    /// Makes the model of a configuration from a file's tensors.
    typealias Make =
        @Sendable (ModelConfig, FileShapes, Device, Precision?) throws -> (any DiffusionModel, Weights)

    /// All that are known, those first whose marks others have too.
    static let all: [DiffusionFamily] = [flux2, chroma, flux, zImage, sd3, pixArt, lotus]

    private static let flux2 = DiffusionFamily(
        name: "FLUX.2", latentFormat: LatentFormat(scale: 1, shift: 0),
        recognises: {
            $0.contains(
                "double_stream_modulation_img.lin.weight", "double_stream_modulation_img.linear.weight")
        },
        schedule: { _ in .flux(shift: 2.02) },
        config: { try $0.flux2Config() },
        latentChannels: { try Flux2Config($0).latentChannels },
        make: making(Flux2Config.init(_:), names: Flux2Transformer.names, Flux2Transformer.init(_:_:))
    )

    private static let chroma = DiffusionFamily(
        name: "Chroma", latentFormat: .flux,
        recognises: {
            $0.contains("distilled_guidance_layer.in_proj.weight") && !$0.hasFolder("nerf_")
        },
        schedule: { _ in .flux(shift: 1.15) },
        config: { try $0.chromaConfig() },
        latentChannels: { try ChromaConfig($0).latentChannels },
        make: making(ChromaConfig.init(_:), names: ChromaTransformer.names, ChromaTransformer.init(_:_:))
    )

    private static let flux = DiffusionFamily(
        name: "FLUX.1", latentFormat: .flux,
        recognises: {
            $0.contains(
                "double_blocks.0.img_attn.norm.query_norm.scale",
                "single_transformer_blocks.0.proj_mlp.weight")
                && !$0.hasFolder("distilled_guidance_layer.")
        },
        schedule: {
            $0.hasFolder("guidance_in.") || $0.hasFolder("time_text_embed.guidance_embedder.")
                ? .flux(shift: 1.15) : .flow(shift: 1, timeScale: 1)
        },
        config: { try $0.fluxConfig() },
        latentChannels: { try FluxConfig($0).latentChannels },
        make: making(FluxConfig.init(_:), names: FluxTransformer.names, FluxTransformer.init(_:_:))
    )

    private static let zImage = DiffusionFamily(
        name: "Z-Image", latentFormat: .flux,
        recognises: { $0.contains("cap_embedder.1.weight") && $0.contains("x_pad_token") },
        schedule: { _ in .flow(shift: 3, timeScale: 1) },
        config: { try $0.zImageConfig() },
        latentChannels: { try ZImageConfig($0).channels },
        make: making(
            ZImageConfig.init(_:), names: { ZImageTransformer.names(prefix: $1) }, unread: ["norm_final"],
            ZImageTransformer.init(_:_:))
    )

    private static let sd3 = DiffusionFamily(
        name: "Stable Diffusion 3", latentFormat: .stableDiffusion3,
        recognises: {
            $0.hasFolder("joint_blocks.0.x_block.attn.qkv.")
                || $0.hasFolder("transformer_blocks.0.attn.add_q_proj.") && $0.contains("pos_embed.pos_embed")
        },
        schedule: { _ in .flow(shift: 3, timeScale: 1000) },
        config: { try $0.sd3Config() },
        latentChannels: { try SD3Config($0).channels },
        make: making(SD3Config.init(_:), names: SD3Transformer.names, SD3Transformer.init(_:_:))
    )

    private static let pixArt = DiffusionFamily(
        name: "PixArt-Sigma", latentFormat: LatentFormat(scale: 0.13025, shift: 0),
        recognises: {
            $0.contains("t_block.1.weight")
                || $0.contains("adaln_single.linear.weight") && $0.contains("pos_embed.proj.bias")
        },
        schedule: { _ in .epsilon(betaStart: 0.0001, betaEnd: 0.02) },
        config: { try $0.pixArtConfig() },
        latentChannels: { try PixArtConfig($0).channels },
        // Some original files store what the positions are made of, and what an empty text is.
        make: making(
            PixArtConfig.init(_:), names: { PixArtTransformer.names(prefix: $1) },
            unread: ["y_embedder.y_embedding", "pos_embed"], PixArtTransformer.init(_:_:))
    )

    private static let lotus = DiffusionFamily(
        name: "Lotus", latentFormat: LatentFormat(scale: 0.18215, shift: 0),
        recognises: { $0.isLotus },
        schedule: { _ in .picture(betaStart: 0.00085, betaEnd: 0.012) },
        config: { try $0.unetConfig() },
        latentChannels: { try UNetConfig($0).inputChannels },
        make: making(UNetConfig.init(_:), names: UNet.names, UNet.init(_:_:))
    )

    /// A family's way to make its model: the configuration, where its tensors are in files, and the model itself.
    ///
    /// - Parameters:
    ///   - config: reads the configuration.
    ///   - names: the tensors' names in files, after a prefix.
    ///   - unread: places that files may have and the model does not need.
    ///   - model: takes the weights.
    /// - Returns: what makes the model from a file.
    private static func making<Config>(
        _ config: @escaping @Sendable (ModelConfig) throws -> Config,
        names: @escaping @Sendable (Config, String) -> TensorNames, unread: [String] = [],
        _ model: @escaping @Sendable (Weights, Config) throws -> any DiffusionModel
    ) -> Make {
        return { file, shapes, device, precision in
            let config = try config(file)
            let weights = Weights(
                shapes.source, on: device, names: names(config, shapes.prefix), precision: precision,
                keepsPacked: true)
            for place in unread { weights[place].skip() }
            return (try weights.build { try model($0, config) }, weights)
        }
    }
}

extension LatentFormat {
    /// That of FLUX.1's autoencoder, which many families use.
    static let flux = LatentFormat(scale: 0.3611, shift: 0.1159)
    /// That of Stable Diffusion 3's.
    static let stableDiffusion3 = LatentFormat(scale: 1.5305, shift: 0.0609)
}
