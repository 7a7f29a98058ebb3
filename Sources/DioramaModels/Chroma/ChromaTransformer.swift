import DioramaNN
public import DioramaTensor
public import DioramaWeights

/// The transformer of Chroma: Flux's blocks, modulated by one small network, without pooled text or guidance.
///
/// Names as in diffusers' `ChromaTransformer2DModel`; files of the original implementation are read in place.
public struct ChromaTransformer: DiffusionModel {
    /// Its shape.
    public let config: ChromaConfig

    private let weights: Weights
    private let imageEmbedder, contextEmbedder: Linear
    private let approximator: ChromaApproximator
    private let blocks: [DoubleStreamBlock]
    private let singleBlocks: [SingleStreamBlock]
    private let output: Linear

    private static func shape(_ c: ChromaConfig) -> StreamShape {
        StreamShape(width: c.width, heads: c.heads, ratio: 4, isGated: false, hasBias: true)
    }

    @Sendable private static func approximatorAliases(_ name: String) -> [AdapterNames.Alias] {
        guard name.hasPrefix("distilled_guidance_layer.") else { return [] }
        for (own, original) in [(".linear_1", ".in_layer"), (".linear_2", ".out_layer")]
        where name.hasSuffix(own) {
            return [(name.dropLast(own.count) + original, nil)]
        }
        let isNorm = name.hasPrefix("distilled_guidance_layer.norms.") && name.hasSuffix(".weight")
        return isNorm ? [(name.dropLast("weight".count) + "scale", nil)] : []
    }

    private static func aliases(_ config: ChromaConfig) -> @Sendable (String) -> [AdapterNames.Alias] {
        let flux = FluxNames.aliases(shape(config))
        return { approximatorAliases($0) + flux($0) }
    }

    /// Under which names files have its tensors.
    public static func names(_ config: ChromaConfig, prefix: String = "") -> TensorNames {
        TensorNames(prefix: prefix, aliases: aliases(config))
    }

    /// Takes the weights; throws where any is missing or of another shape.
    public init(_ w: Weights, _ config: ChromaConfig) throws {
        self.config = config
        weights = w
        let input = FluxConfig.patch * FluxConfig.patch * config.latentChannels
        imageEmbedder = try Linear(w["x_embedder"], from: input, to: config.width, isSensitive: true)
        contextEmbedder = try Linear(
            w["context_embedder"], from: config.contextWidth, to: config.width, isSensitive: true)
        approximator = try ChromaApproximator(w["distilled_guidance_layer"], config)
        let shape = Self.shape(config)
        blocks = try (0..<config.layers).map { try DoubleStreamBlock(w["transformer_blocks"][$0], shape) }
        singleBlocks = try (0..<config.singleLayers).map {
            try SingleStreamBlock(w["single_transformer_blocks"][$0], shape)
        }
        output = try Linear(w["proj_out"], from: config.width, to: input, isSensitive: true)
    }

    /// The transformer with an adapter's changes, its own weights shared.
    public func adapted(by adapter: inout AdapterApplication, strength: Double) throws -> ChromaTransformer {
        let names = FluxNames.adapters(Self.aliases(config))
        return try ChromaTransformer(
            weights.adapted(by: &adapter, names: names, strength: strength), config)
    }

    /// Chroma.
    public var familyName: String { "Chroma" }

    /// The number of channels its latents have.
    public var latentChannels: Int { config.latentChannels }

    /// Its blocks: some with two streams, then some with one.
    public var blockGroups: [BlockGroup] {
        [BlockGroup(.double, count: config.layers), BlockGroup(.single, count: config.singleLayers)]
    }

    /// Throws `ModelInputError` where latent and text are not of the shapes the model takes.
    public func check(latent: Shape, context: TextContext) throws {
        try checkFlowInput(latent, context, channels: config.latentChannels, textWidth: config.contextWidth)
    }

    /// The velocity at `latent`, [B, C, H, W], at `timestep` [B] in 0...1 (1 is pure noise): of the latent's shape.
    ///
    /// All text tokens are attended to: encoders that fill texts up give models such as this only what is text. Throws what `check`
    /// and `runner` throw.
    public func callAsFunction(
        _ latent: Tensor, timestep: Tensor, context: TextContext, through runner: BlockRunner
    ) throws -> Tensor {
        try check(latent: latent.shape, context: context)
        let whole = latent.wrapped(toMultiplesOf: FluxConfig.patch)
        let sequence = FluxSequence(
            whole, references: context.references, patch: FluxConfig.patch,
            method: context.referenceMethod ?? .offset)
        let text = contextEmbedder(context.unfolded)
        let positions = RotaryPositions(
            Array(repeating: [0, 0, 0], count: text.shape[1]) + sequence.positions, axes: config.axes,
            theta: 10_000, on: latent.device)
        let rows = runner.vector(at: timestep, then: approximator.releaseWeights) { approximator($0) }.value
        func modulations(_ first: Int, _ count: Int) -> [Modulation] {
            (0..<count).map { index in
                func row(_ part: Int) -> Tensor {
                    let at = first + 3 * index + part
                    return rows.narrowed(axis: 1, at..<at + 1)
                }
                return Modulation(shift: row(0), scale: row(1), gate: row(2))
            }
        }
        let forImages = 3 * config.singleLayers
        let forTexts = forImages + 6 * config.layers
        let last = config.modulations - 2
        let styles = StyleAttention(context)

        let streams = try runner.run(
            Array(blocks.enumerated()), .double,
            BlockState(image: imageEmbedder(sequence.tokens), context: text),
            modulation: rows.narrowed(axis: 1, 0..<1), after: singleBlocks.count
        ) { block, state in
            block.element(
                state, modulations(forImages + 6 * block.offset, 2).map { StreamModulation($0) },
                modulations(forTexts + 6 * block.offset, 2), positions, styles: styles)
        }
        let joined = try runner.run(
            Array(singleBlocks.enumerated()), .single, streams.joinedTextFirst(),
            modulation: rows.narrowed(axis: 1, 0..<1), before: blocks.count
        ) { block, state in
            block.element(
                state, StreamModulation(modulations(3 * block.offset, 1)[0]), positions, styles: styles)
        }

        let start = text.shape[1]
        let image = modulatedLayerNorm(
            joined.image.narrowed(axis: 1, start..<start + sequence.ownCount),
            scale: rows.narrowed(axis: 1, last + 1..<last + 2),
            shift: rows.narrowed(axis: 1, last..<last + 1),
            eps: 1e-6)
        return Patches.joined(
            output(image), height: whole.shape[2], width: whole.shape[3], patch: FluxConfig.patch,
            .channelsFirst
        ).cropped(to: latent.shape)
    }
}
