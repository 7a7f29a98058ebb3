import DioramaNN
public import DioramaTensor
public import DioramaWeights

/// The transformer of PixArt-Sigma: from a noisy latent to the noise in it.
///
/// Chen et al., [PixArt-Sigma](https://arxiv.org/abs/2403.04692); names as in diffusers' `PixArtTransformer2DModel`; files of the
/// original implementation are read in place.
public struct PixArtTransformer: DiffusionModel {
    /// Its shape.
    public let config: PixArtConfig

    private let weights: Weights
    private let patches: Conv2d
    private let timeEmbedder: ConditionEmbedder
    private let timeModulation: Linear
    private let contextFirst, contextSecond: Linear
    private let blocks: [PixArtBlock]
    /// [2, D]: shift and scale of the last norm.
    private let table: Tensor
    private let output: Linear

    private static let timeWidth = 256

    /// Under which names files have its tensors.
    public static func names(prefix: String = "") -> TensorNames { PixArtNames.tensors(prefix: prefix) }

    /// Takes the weights; throws where any is missing or of another shape.
    public init(_ w: Weights, _ config: PixArtConfig) throws {
        self.config = config
        weights = w
        let width = config.width
        patches = try Conv2d(
            w["pos_embed.proj"], from: config.channels, to: width, kernel: config.patch, stride: config.patch)
        timeEmbedder = try ConditionEmbedder(
            w["adaln_single.emb.timestep_embedder"], from: Self.timeWidth, to: width)
        timeModulation = try Linear(w["adaln_single.linear"], from: width, to: 6 * width, isSensitive: true)
        contextFirst = try Linear(
            w["caption_projection.linear_1"], from: config.contextWidth, to: width, isSensitive: true)
        contextSecond = try Linear(
            w["caption_projection.linear_2"], from: width, to: width, isSensitive: true)
        blocks = try (0..<config.layers).map { try PixArtBlock(w["transformer_blocks"][$0], config) }
        table = try w.tensor("scale_shift_table", [2, width]).asType(.f32)
        output = try Linear(
            w["proj_out"], from: width, to: config.patch * config.patch * config.outputChannels,
            isSensitive: true)
    }

    /// The transformer with an adapter's changes, its own weights shared.
    public func adapted(by adapter: inout AdapterApplication, strength: Double) throws -> PixArtTransformer {
        try PixArtTransformer(
            weights.adapted(by: &adapter, names: PixArtNames.adapters, strength: strength), config)
    }

    /// PixArt-Sigma.
    public var familyName: String { "PixArt-Sigma" }

    /// The number of channels its latents have.
    public var latentChannels: Int { config.channels }

    /// Its blocks, whose state has the text beside the image.
    public var blockGroups: [BlockGroup] { [BlockGroup(.single, count: config.layers)] }

    /// Throws `ModelInputError` where latent and text are not of the shapes the model takes.
    public func check(latent: Shape, context: TextContext) throws {
        try checkFlowInput(latent, context, channels: config.channels, textWidth: config.contextWidth)
    }

    /// The noise in `latent`, [B, C, H, W], at `timestep` [B] in 0...999: of the latent's shape.
    ///
    /// The output's channels for the variance are left out. Throws what `check` and `runner` throw.
    public func callAsFunction(
        _ latent: Tensor, timestep: Tensor, context: TextContext, through runner: BlockRunner
    ) throws -> Tensor {
        try check(latent: latent.shape, context: context)
        let whole = latent.wrapped(toMultiplesOf: config.patch)
        let text = contextSecond(contextFirst(context.unfolded, LinearEpilogue(.geluTanh)))
        let time = runner.vector(at: timestep) { time in
            timeEmbedder(timestepSinusoids(time, width: Self.timeWidth))
                .reshaped(time.count, 1, config.width)
        }
        let modulation = timeModulation(silu(time))
        let state = try runner.run(
            blocks, .single, BlockState(image: tokens(whole), context: text), modulation: silu(time).value
        ) { block, state in block(state, modulation) }
        let normed = modulatedLayerNorm(
            state.image, scale: time.value + table[1..<2].reshaped(1, 1, config.width),
            shift: time.value + table[0..<1].reshaped(1, 1, config.width), eps: 1e-6)
        return Patches.joined(
            output(normed), height: whole.shape[2], width: whole.shape[3], patch: config.patch, .channelsLast
        ).narrowed(axis: 1, 0..<config.channels).cropped(to: latent.shape)
    }

    /// Patches with their positions, [B, N, D].
    private func tokens(_ latent: Tensor) -> Tensor {
        let cut = patches(latent)
        let (rows, columns) = (cut.shape[2], cut.shape[3])
        let tokens = cut.reshaped(cut.shape[0], config.width, rows * columns).transposed(1, 2)
        return tokens
            + sinusoidTable2D(
                height: rows, width: columns, channels: config.width,
                baseSize: config.sampleSize / config.patch, scale: config.interpolation, on: latent.device)
    }
}
