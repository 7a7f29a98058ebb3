import DioramaNN
public import DioramaTensor
public import DioramaWeights

/// The multimodal diffusion transformer of Stable Diffusion 3 and 3.5: from a noisy latent to the velocity of the flow.
///
/// Esser et al., [Scaling Rectified Flow Transformers](https://arxiv.org/abs/2403.03206); names as in diffusers' `SD3Transformer2DModel`.
public struct SD3Transformer: DiffusionModel {
    /// Its shape.
    public let config: SD3Config
    /// The blocks, in order.
    public let blocks: [JointTransformerBlock]

    let patches: PatchEmbedding
    private let weights: Weights
    private let timeEmbedder, textEmbedder: ConditionEmbedder
    private let contextEmbedder: Linear
    private let outputModulation: Linear
    private let output: Linear

    /// Width of the sinusoids of time.
    static let timeWidth = 256

    /// Under which names files have its tensors.
    public static func names(_ config: SD3Config, prefix: String = "") -> TensorNames {
        TensorNames(prefix: prefix, aliases: SD3Names.aliases(layers: config.layers))
    }

    /// Takes the weights; throws where any is missing or of another shape.
    public init(_ w: Weights, _ config: SD3Config) throws {
        self.config = config
        weights = w
        let width = config.width
        patches = try PatchEmbedding(w["pos_embed"], config)
        timeEmbedder = try ConditionEmbedder(
            w["time_text_embed.timestep_embedder"], from: Self.timeWidth, to: width)
        textEmbedder = try ConditionEmbedder(
            w["time_text_embed.text_embedder"], from: config.pooledWidth, to: width)
        contextEmbedder = try Linear(
            w["context_embedder"], from: config.contextWidth, to: width, isSensitive: true)
        blocks = try (0..<config.layers).map {
            try JointTransformerBlock(w["transformer_blocks"][$0], layer: $0, config)
        }
        outputModulation = try Linear(w["norm_out.linear"], from: width, to: 2 * width, isSensitive: true)
        output = try Linear(
            w["proj_out"], from: width, to: config.patch * config.patch * config.outputChannels,
            isSensitive: true)
    }

    /// The transformer with an adapter's changes, its own weights shared.
    public func adapted(by adapter: inout AdapterApplication, strength: Double) throws -> SD3Transformer {
        try SD3Transformer(
            weights.adapted(
                by: &adapter, names: SD3Names.adapters(layers: config.layers), strength: strength), config)
    }

    /// Stable Diffusion 3 and 3.5.
    public var familyName: String { "Stable Diffusion 3" }

    /// The number of channels its latents have.
    public var latentChannels: Int { config.channels }

    /// Its blocks: all joint.
    public var blockGroups: [BlockGroup] { [BlockGroup(.joint, count: config.layers)] }

    /// Throws `ModelInputError` where latent and text are not of the shapes the model takes.
    public func check(latent: Shape, context: TextContext) throws {
        guard latent.rank == 4, latent[1] == config.channels else {
            throw ModelInputError("the latent is \(latent); this model takes [B, \(config.channels), H, W]")
        }
        guard latent.dims.allSatisfy({ $0 > 0 }), max(latent[2], latent[3]) <= patches.largest else {
            throw ModelInputError(
                "the latent is \(latent[3]) wide and \(latent[2]) high; this model takes 1 to \(patches.largest) each way, "
                    + "so pictures of at most \(8 * patches.largest) pixels"
            )
        }
        guard context.tokens.shape == [latent[0], context.tokens.shape[1], config.contextWidth],
            context.pooled?.shape == [latent[0], config.pooledWidth]
        else {
            throw ModelInputError(
                "the conditioning is \(context.tokens.shape) with \(context.pooledDescription) pooled; this model takes "
                    + "[\(latent[0]), L, \(config.contextWidth)] with [\(latent[0]), \(config.pooledWidth)]: it may come from another "
                    + "model's text encoder")
        }
    }

    /// The velocity at `latent`, [B, C, H, W], at `timestep` [B] in 0...1000 (1000 is pure noise): of the latent's shape.
    ///
    /// Sides that are no multiple of the patch are continued from the other edge, as in ComfyUI. Throws what `check` and `runner` throw.
    public func callAsFunction(
        _ latent: Tensor, timestep: Tensor, context: TextContext, through runner: BlockRunner
    ) throws -> Tensor {
        try check(latent: latent.shape, context: context)
        let whole = latent.wrapped(toMultiplesOf: config.patch)
        let image = patches(whole)
        let pooled = try context.requiredPooled
        let conditions = BlockConditions(
            time: runner.vector(at: timestep, context) { timeAndText($0, pooled) },
            keyBias: context.keyBias(after: image.shape[1]))
        let state = try runner.run(
            blocks, .joint, BlockState(image: image, context: contextEmbedder(context.tokens)),
            modulation: conditions.time.value
        ) { block, state in block(state, conditions) }
        let velocity = Patches.joined(
            output(finalNorm(state.image, outputModulation(conditions.time))), height: whole.shape[2],
            width: whole.shape[3], patch: config.patch, .channelsLast)
        return velocity.cropped(to: latent.shape)
    }

    /// SiLU of the vector that modulates every block, [B, 1, D].
    private func timeAndText(_ timestep: Tensor, _ pooled: Tensor) -> Tensor {
        let time = timeEmbedder(timestepSinusoids(timestep, width: Self.timeWidth))
        return silu(time + textEmbedder(pooled)).reshaped(pooled.shape[0], 1, config.width)
    }
}
