import DioramaNN
public import DioramaTensor
public import DioramaWeights

/// The transformer of FLUX.2 (dev, klein): from a noisy latent to the velocity of the flow.
///
/// Blocks as FLUX.1's with gated perceptrons, without biases; one modulation serves all blocks of a kind. Names as in diffusers'
/// `Flux2Transformer2DModel`; files of the original implementation are read in place.
public struct Flux2Transformer: DiffusionModel {
    /// Its shape.
    public let config: Flux2Config

    private let weights: Weights
    private let imageEmbedder, contextEmbedder: Linear
    private let timeEmbedder: ConditionEmbedder
    private let guidanceEmbedder: ConditionEmbedder?
    private let imageModulation, textModulation, singleModulation: Linear
    private let blocks: [DoubleStreamBlock]
    private let singleBlocks: [SingleStreamBlock]
    private let outputModulation, output: Linear

    /// How far the frame indices of two reference pictures are apart.
    private static let referenceStep = 10

    static func shape(_ c: Flux2Config) -> StreamShape {
        StreamShape(width: c.width, heads: c.heads, ratio: c.ratio, isGated: true, hasBias: false)
    }

    /// Under which names files have its tensors.
    public static func names(_ config: Flux2Config, prefix: String = "") -> TensorNames {
        TensorNames(prefix: prefix, aliases: FluxNames.aliases(shape(config)))
    }

    /// Takes the weights; throws where any is missing or of another shape.
    public init(_ w: Weights, _ config: Flux2Config) throws {
        self.config = config
        weights = w
        let width = config.width
        func linear(_ name: String, from input: Int, to output: Int) throws -> Linear {
            try Linear(w[name], from: input, to: output, bias: false, isSensitive: true)
        }
        imageEmbedder = try linear("x_embedder", from: config.latentChannels, to: width)
        contextEmbedder = try linear("context_embedder", from: config.contextWidth, to: width)
        let conditions = w["time_guidance_embed"]
        timeEmbedder = try ConditionEmbedder(
            conditions["timestep_embedder"], from: config.timeWidth, to: width, bias: false)
        guidanceEmbedder =
            config.hasGuidance
            ? try ConditionEmbedder(
                conditions["guidance_embedder"], from: config.timeWidth, to: width, bias: false)
            : nil
        imageModulation = try linear("double_stream_modulation_img.linear", from: width, to: 6 * width)
        textModulation = try linear("double_stream_modulation_txt.linear", from: width, to: 6 * width)
        singleModulation = try linear("single_stream_modulation.linear", from: width, to: 3 * width)
        let shape = Self.shape(config)
        blocks = try (0..<config.layers).map { try DoubleStreamBlock(w["transformer_blocks"][$0], shape) }
        singleBlocks = try (0..<config.singleLayers).map {
            try SingleStreamBlock(w["single_transformer_blocks"][$0], shape)
        }
        outputModulation = try linear("norm_out.linear", from: width, to: 2 * width)
        output = try linear("proj_out", from: width, to: config.latentChannels)
    }

    /// The transformer with an adapter's changes, its own weights shared.
    public func adapted(by adapter: inout AdapterApplication, strength: Double) throws -> Flux2Transformer {
        let names = FluxNames.adapters(FluxNames.aliases(Self.shape(config)))
        return try Flux2Transformer(
            weights.adapted(by: &adapter, names: names, strength: strength), config)
    }

    /// FLUX.2.
    public var familyName: String { "FLUX.2" }

    /// The number of channels its latents have.
    public var latentChannels: Int { config.latentChannels }

    /// As FLUX.2 klein 9B KV was made for.
    public var keepsReferences: Bool { true }

    /// Its cells are two of its autoencoder's wide and high.
    public var latentCell: Int { 16 }

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
    /// Throws what `check` and `runner` throw.
    public func callAsFunction(
        _ latent: Tensor, timestep: Tensor, context: TextContext, through runner: BlockRunner
    ) throws -> Tensor {
        try check(latent: latent.shape, context: context)
        let method = context.referenceMethod ?? .index
        let references = context.shownReferences(blocks: blocks.count + singleBlocks.count)
        let sequence = FluxSequence(
            latent, references: references, patch: 1, method: method, indexStep: Self.referenceStep)
        let keys = ReferenceKeys(context.referenceCache, tokens: sequence.referenceCount)
        let text = contextEmbedder(context.unfolded)
        let positions = RotaryPositions(
            (0..<text.shape[1]).map { [0, 0, 0, $0] } + sequence.positions.map { $0 + [0] },
            axes: config.axes, theta: Double(config.theta), on: latent.device)
        let conditions = runner.vector(at: timestep, context) { vector($0, context) }
        let streamConditions = sequence.conditions(conditions, method) { vector(timestep * 0, context) }
        let start = text.shape[1]
        let forImage = streamConditions.modulations(by: imageModulation, into: 2)
        let forText = Modulation.split(textModulation(conditions), into: 2)
        let forAll = streamConditions.modulations(by: singleModulation, into: 1, after: start)[0]

        let streams = try runner.run(
            Array(blocks.enumerated()), .double,
            BlockState(image: imageEmbedder(sequence.tokens), context: text),
            modulation: conditions.value, after: singleBlocks.count
        ) { block, state in
            block.element(state, forImage, forText, positions, attending: keys?.attended(at: block.offset))
        }
        let joined = try runner.run(
            Array(singleBlocks.enumerated()), .single, streams.joinedTextFirst(),
            modulation: conditions.value, before: blocks.count
        ) { block, state in
            block.element(
                state, forAll, positions, attending: keys?.attended(at: blocks.count + block.offset))
        }

        let image = joined.image.narrowed(axis: 1, start..<start + sequence.ownCount)
        return Patches.joined(
            output(finalNorm(image, outputModulation(conditions))), height: latent.shape[2],
            width: latent.shape[3], patch: 1, .channelsFirst)
    }

    /// SiLU of the vector that modulates every block, [B, 1, D].
    private func vector(_ timestep: Tensor, _ context: TextContext) -> Tensor {
        var sum = timeEmbedder(FluxTime.embedded(timestep, width: config.timeWidth))
        if let guidanceEmbedder, case .scale(let scale) = context.guidance ?? FluxTime.usualGuidance {
            let numbers = Tensor.full(scale, timestep.shape, on: timestep.device)
            sum = sum + guidanceEmbedder(FluxTime.embedded(numbers, width: config.timeWidth))
        }
        return silu(sum).reshaped(timestep.shape[0], 1, config.width)
    }
}
