import DioramaNN
public import DioramaTensor
public import DioramaWeights

/// The transformer of FLUX.1 (dev, schnell, Krea, Fill, Kontext, Canny, Depth): from a noisy latent to the velocity of the flow.
///
/// Names as in diffusers' `FluxTransformer2DModel`; files of the original implementation are read in place (``FluxNames``).
public struct FluxTransformer: DiffusionModel {
    /// Its shape.
    public let config: FluxConfig

    private let weights: Weights
    private let imageEmbedder, contextEmbedder: Linear
    private let timeEmbedder, textEmbedder: ConditionEmbedder
    private let guidanceEmbedder: ConditionEmbedder?
    private let blocks: [ModulatedDoubleBlock]
    private let singleBlocks: [ModulatedSingleBlock]
    private let outputModulation, output: Linear

    /// The form of its blocks.
    static func shape(_ c: FluxConfig) -> StreamShape {
        StreamShape(width: c.width, heads: c.heads, ratio: 4, isGated: false, hasBias: true)
    }

    /// Under which names files have its tensors.
    public static func names(_ config: FluxConfig, prefix: String = "") -> TensorNames {
        TensorNames(prefix: prefix, aliases: FluxNames.aliases(shape(config)))
    }

    /// Takes the weights; throws where any is missing or of another shape.
    public init(_ w: Weights, _ config: FluxConfig) throws {
        self.config = config
        weights = w
        let (width, cells) = (config.width, FluxConfig.patch * FluxConfig.patch)
        imageEmbedder = try Linear(
            w["x_embedder"], from: cells * config.inputChannels, to: width, isSensitive: true)
        contextEmbedder = try Linear(
            w["context_embedder"], from: config.contextWidth, to: width, isSensitive: true)
        let conditions = w["time_text_embed"]
        timeEmbedder = try ConditionEmbedder(
            conditions["timestep_embedder"], from: FluxTime.sinusoids, to: width)
        textEmbedder = try ConditionEmbedder(conditions["text_embedder"], from: config.pooledWidth, to: width)
        guidanceEmbedder =
            config.hasGuidance
            ? try ConditionEmbedder(conditions["guidance_embedder"], from: FluxTime.sinusoids, to: width)
            : nil
        let shape = Self.shape(config)
        blocks = try (0..<config.layers).map {
            try ModulatedDoubleBlock(w["transformer_blocks"][$0], shape)
        }
        singleBlocks = try (0..<config.singleLayers).map {
            try ModulatedSingleBlock(w["single_transformer_blocks"][$0], shape)
        }
        outputModulation = try Linear(w["norm_out.linear"], from: width, to: 2 * width, isSensitive: true)
        output = try Linear(
            w["proj_out"], from: width, to: cells * config.latentChannels, isSensitive: true)
    }

    /// The transformer with an adapter's changes, its own weights shared; one for control may make it take a picture beside its latent.
    public func adapted(by adapter: inout AdapterApplication, strength: Double) throws -> FluxTransformer {
        let names = FluxNames.adapters(FluxNames.aliases(Self.shape(config)))
        let adapted = try weights.adapted(by: &adapter, names: names, strength: strength)
        let cells = FluxConfig.patch * FluxConfig.patch
        let inputs = adapted["x_embedder"].shape(of: "weight").map { $0.rank == 2 ? $0[1] : 0 }
        guard let inputs, inputs.isMultiple(of: cells), inputs >= cells * config.latentChannels else {
            throw WeightsError(
                adapter.file.place,
                "makes the layer img_in take \(inputs ?? 0) channels of a patch, expected a multiple of \(cells) and at least "
                    + "\(cells * config.latentChannels)")
        }
        return try FluxTransformer(adapted, config.taking(inputChannels: inputs / cells))
    }

    /// FLUX.1.
    public var familyName: String { "FLUX.1" }

    /// The number of channels its latents have.
    public var latentChannels: Int { config.latentChannels }

    /// As Kontext's pictures do not change either.
    public var keepsReferences: Bool { true }

    /// Its blocks: some with two streams, then some with one.
    public var blockGroups: [BlockGroup] {
        [BlockGroup(.double, count: config.layers), BlockGroup(.single, count: config.singleLayers)]
    }

    /// Throws `ModelInputError` where latent and text are not of the shapes the model takes.
    public func check(latent: Shape, context: TextContext) throws {
        try checkFlowInput(latent, context, channels: config.latentChannels, textWidth: config.contextWidth)
        guard context.pooled?.shape == [latent[0], config.pooledWidth] else {
            throw ModelInputError(
                "the conditioning has \(context.pooledDescription) pooled; this model takes [\(latent[0]), \(config.pooledWidth)]: "
                    + "it may come from another model's text encoder")
        }
        let beside = config.inputChannels - config.latentChannels
        guard (context.concatenated?.shape[1] ?? 0) == beside else {
            throw ModelInputError(
                "the model is shown \(context.concatenated?.shape[1] ?? 0) channels beside the latent's; it takes \(beside)"
            )
        }
    }

    /// What a model for control is shown, a picture, or a Fill model: the picture without its masked part, and the mask, 64 values a cell.
    ///
    /// An empty picture where no node gave one, all of which is made anew. Other models take nothing.
    public func concatenated(
        _ inpainting: InpaintingInput?, for shape: Shape, on device: Device
    ) throws -> Tensor? {
        try FillInput.channels(
            inpainting, for: shape, count: config.inputChannels - config.latentChannels,
            latentChannels: config.latentChannels, on: device)
    }

    /// The velocity at `latent`, [B, C, H, W], at `timestep` [B] in 0...1 (1 is pure noise): of the latent's shape.
    ///
    /// Throws what `check` and `runner` throw.
    public func callAsFunction(
        _ latent: Tensor, timestep: Tensor, context: TextContext, through runner: BlockRunner
    ) throws -> Tensor {
        try check(latent: latent.shape, context: context)
        let shown = context.concatenated.map { Tensor.concatenated([latent, $0], axis: 1) } ?? latent
        let whole = shown.wrapped(toMultiplesOf: FluxConfig.patch)
        let method = context.referenceMethod ?? .offset
        let references = context.shownReferences(blocks: blocks.count + singleBlocks.count)
        let sequence = FluxSequence(whole, references: references, patch: FluxConfig.patch, method: method)
        let keys = ReferenceKeys(context.referenceCache, tokens: sequence.referenceCount)
        let text = contextEmbedder(context.unfolded)
        let positions = RotaryPositions(
            Array(repeating: [0, 0, 0], count: text.shape[1]) + sequence.positions, axes: config.axes,
            theta: 10_000, on: latent.device)
        let conditions = try runner.vector(at: timestep, context) { try vector($0, context) }
        let forImage = try sequence.conditions(conditions, method) { try vector(timestep * 0, context) }
        let start = text.shape[1]
        let styles = StyleAttention(context)

        let streams = try runner.run(
            Array(blocks.enumerated()), .double,
            BlockState(image: imageEmbedder(sequence.tokens), context: text),
            modulation: conditions.value, after: singleBlocks.count
        ) { block, state in
            block.element(
                state, forImage, positions, styles: styles, attending: keys?.attended(at: block.offset))
        }
        let joined = try runner.run(
            Array(singleBlocks.enumerated()), .single, streams.joinedTextFirst(),
            modulation: conditions.value, before: blocks.count
        ) { block, state in
            block.element(
                state, forImage, positions, after: start, styles: styles,
                attending: keys?.attended(at: blocks.count + block.offset))
        }

        let image = joined.image.narrowed(axis: 1, start..<start + sequence.ownCount)
        return Patches.joined(
            output(finalNorm(image, outputModulation(conditions))), height: whole.shape[2],
            width: whole.shape[3], patch: FluxConfig.patch, .channelsFirst
        ).cropped(to: latent.shape)
    }

    /// SiLU of the vector that modulates every block, [B, 1, D].
    private func vector(_ timestep: Tensor, _ context: TextContext) throws -> Tensor {
        var sum = timeEmbedder(FluxTime.embedded(timestep))
        if let guidanceEmbedder, case .scale(let scale) = context.guidance ?? FluxTime.usualGuidance {
            sum = sum + guidanceEmbedder(FluxTime.embedded(.full(scale, timestep.shape, on: timestep.device)))
        }
        sum = sum + textEmbedder(try context.requiredPooled)
        return silu(sum).reshaped(timestep.shape[0], 1, config.width)
    }
}

/// How Flux's families embed time and guidance.
enum FluxTime {
    /// Width of the sinusoids.
    static let sinusoids = 256
    /// The guidance of a prompt that says none, as in ComfyUI.
    static let usualGuidance = DistilledGuidance.scale(3.5)

    /// The sinusoids of numbers, [B] to [B, 256].
    static func embedded(_ numbers: Tensor, width: Int = sinusoids) -> Tensor {
        timestepSinusoids(numbers * 1000, width: width)
    }
}

/// A double block with modulations of its own.
struct ModulatedDoubleBlock: Sendable {
    private let imageModulation, textModulation: Linear
    private let block: DoubleStreamBlock

    init(_ w: Weights, _ shape: StreamShape) throws {
        imageModulation = try Linear(
            w["norm1.linear"], from: shape.width, to: 6 * shape.width, isSensitive: true)
        textModulation = try Linear(
            w["norm1_context.linear"], from: shape.width, to: 6 * shape.width, isSensitive: true)
        block = try DoubleStreamBlock(w, shape)
    }

    func callAsFunction(
        _ state: BlockState, _ conditions: StreamConditions, _ positions: RotaryPositions,
        styles: StyleAttention?, attending attended: AttendedKeys?
    ) -> BlockState {
        block(
            state, conditions.modulations(by: imageModulation, into: 2),
            Modulation.split(textModulation(conditions.own), into: 2), positions, styles: styles,
            attending: attended)
    }
}

/// A single block with a modulation of its own.
struct ModulatedSingleBlock: Sendable {
    private let modulation: Linear
    private let block: SingleStreamBlock

    init(_ w: Weights, _ shape: StreamShape) throws {
        modulation = try Linear(w["norm.linear"], from: shape.width, to: 3 * shape.width, isSensitive: true)
        block = try SingleStreamBlock(w, shape)
    }

    func callAsFunction(
        _ state: BlockState, _ conditions: StreamConditions, _ positions: RotaryPositions,
        after textCount: Int, styles: StyleAttention?, attending attended: AttendedKeys?
    ) -> BlockState {
        block(
            state, conditions.modulations(by: modulation, into: 1, after: textCount)[0], positions,
            styles: styles, attending: attended)
    }
}

extension BlockState {
    /// Text and image as one sequence, the text first.
    func joinedTextFirst() -> BlockState {
        BlockState(image: context.map { .concatenated([$0, image], axis: 1) } ?? image)
    }
}

/// Throws `ModelInputError` where a latent or its text are not what a model takes.
func checkFlowInput(
    _ latent: Shape, _ context: TextContext, channels: Int, textWidth: Int
) throws {
    guard latent.rank == 4, latent[1] == channels, latent.dims.allSatisfy({ $0 > 0 }) else {
        throw ModelInputError("the latent is \(latent); this model takes [B, \(channels), H, W]")
    }
    guard context.tokens.rank == 3, context.tokens.shape[0] == latent[0],
        context.tokens.shape[2] == textWidth
    else {
        throw ModelInputError(
            "the conditioning is \(context.tokens.shape); this model takes [\(latent[0]), L, \(textWidth)]: it may come from "
                + "another model's text encoder")
    }
    for reference in context.references
    where reference.rank != 4 || reference.shape[0] != latent[0] || reference.shape[1] != channels {
        throw ModelInputError(
            "a reference latent is \(reference.shape); this model takes [\(latent[0]), \(channels), h, w]: it may come from another "
                + "model's autoencoder")
    }
}
