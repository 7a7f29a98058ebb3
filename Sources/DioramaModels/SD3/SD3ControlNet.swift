import DioramaNN
public import DioramaTensor
public import DioramaWeights

/// A ControlNet of Stable Diffusion 3 and 3.5: what it adds to a transformer's image tokens, by a picture.
///
/// Those of InstantX are the first blocks of a transformer, with the text and without the pooled vector; those of Stability know image
/// tokens alone, and take the patches of the model that they steer. Names as in diffusers' `SD3ControlNetModel`.
public struct SD3ControlNet: ControlNetwork {
    /// Its shape, and how it is run.
    public let config: SD3ControlNetConfig

    private let hintPatches: Conv2d
    private let timeEmbedder, textEmbedder: ConditionEmbedder
    private let blocks: Blocks
    private let outputs: [Linear]

    private enum Blocks: Sendable {
        case joint([JointTransformerBlock], patches: PatchEmbedding, contextEmbedder: Linear)
        case image([ImageTransformerBlock])
    }

    /// Under which names files have its tensors.
    public static func names(_ config: SD3ControlNetConfig) -> TensorNames {
        config.hasText ? .own : TensorNames(aliases: SD3Names.controlAliases)
    }

    /// Takes the weights; throws where any is missing or of another shape.
    public init(_ w: Weights, _ config: SD3ControlNetConfig) throws {
        self.config = config
        let (shape, width) = (config.blocks, config.width)
        hintPatches = try Conv2d(
            w["pos_embed_input.proj"], from: shape.channels, to: width, kernel: shape.patch,
            stride: shape.patch)
        timeEmbedder = try ConditionEmbedder(
            w["time_text_embed.timestep_embedder"], from: SD3Transformer.timeWidth, to: width)
        textEmbedder = try ConditionEmbedder(
            w["time_text_embed.text_embedder"], from: shape.pooledWidth, to: width)
        let places = (0..<shape.layers).map { w["transformer_blocks"][$0] }
        if config.hasText {
            blocks = .joint(
                try places.enumerated().map {
                    try JointTransformerBlock($1, layer: $0, shape, isLast: false)
                },
                patches: try PatchEmbedding(w["pos_embed"], shape),
                contextEmbedder: try Linear(
                    w["context_embedder"], from: shape.contextWidth, to: width, isSensitive: true))
        } else {
            blocks = .image(try places.map { try ImageTransformerBlock($0, shape) })
        }
        outputs = try (0..<shape.layers).map {
            try Linear(w["controlnet_blocks"][$0], from: width, to: width)
        }
    }

    /// The latent of the picture; where the pooled text is left out, not shifted either.
    public var hint: ControlHint {
        let format = LatentFormat.stableDiffusion3
        return ControlHint(
            channels: config.blocks.channels,
            latentFormat: config.hasText ? LatentFormat(scale: format.scale, shift: 0) : format,
            values: config.values)
    }

    /// Throws `ModelInputError` unless the model is a Stable Diffusion 3 of the same width, channels, patch and text.
    public func check(steers model: any DiffusionModel) throws { _ = try steered(model) }

    private func steered(_ model: any DiffusionModel) throws -> SD3Transformer {
        try steered(model) { config.misfit(ofFamily: model.familyName, $0?.config) }
    }

    /// What it adds to the blocks of `model`: each of its own is for as many of them as follow one another.
    public func residuals(
        _ latent: Tensor, hint: Tensor, timestep: Tensor, context: TextContext,
        steering model: any DiffusionModel, through runner: BlockRunner
    ) throws -> ControlResiduals {
        let model = try steered(model)
        guard hint.shape == latent.shape else {
            throw ModelInputError("the ControlNet's hint is \(hint.shape), and the latent is \(latent.shape)")
        }
        let whole = latent.wrapped(toMultiplesOf: config.blocks.patch)
        let hinted = hintPatches.patchTokens(hint.wrapped(toMultiplesOf: config.blocks.patch))
        let count = config.blocks.layers
        let outputs = outputs
        func residuals(
            _ start: BlockState, _ block: @escaping @Sendable (Int, BlockState) throws -> BlockState
        ) -> ControlResiduals {
            ControlResiduals(from: start, place: place(in: model)) { index, state, _ in
                try block(index, state)
            } output: {
                outputs[$0]($1)
            }
        }
        switch blocks {
        case .joint(let blocks, let patches, let contextEmbedder):
            let image = patches(whole) + hinted
            let time = runner.vector(at: timestep) {
                timeAndText($0, .zeros([$0.count, config.blocks.pooledWidth], on: $0.device))
            }
            let conditions = BlockConditions(time: time, keyBias: context.keyBias(after: image.shape[1]))
            let start = BlockState(image: image, context: contextEmbedder(context.tokens))
            return residuals(start) { index, state in
                try runner.run(blocks[index], .control, at: index, of: count, state, modulation: time.value) {
                    $0($1, conditions)
                }
            }
        case .image(let blocks):
            let image = config.isOriginal ? spreadPatches(whole, of: model) : model.patches(whole)
            let pooled = try context.requiredPooled
            let time = runner.vector(at: timestep, context) { timeAndText($0, pooled) }
            return residuals(BlockState(image: image + hinted)) { index, state in
                try runner.run(blocks[index], .control, at: index, of: count, state, modulation: time.value) {
                    BlockState(image: $0($1.image, time))
                }
            }
        }
    }

    /// Which of its blocks is for a block of the model.
    private func place(in model: SD3Transformer) -> @Sendable (Int) -> Int? {
        let (count, blocks) = (config.blocks.layers, model.config.layers)
        let end = config.isOriginal ? blocks : blocks - 1
        let each = (blocks + count - 1) / count
        return { $0 < end && $0 / each < count ? $0 / each : nil }
    }

    /// The model's patches, with positions 0 to 15 from edge to edge of the shorter side, and as far apart along the other.
    private func spreadPatches(_ latent: Tensor, of model: SD3Transformer) -> Tensor {
        let (rows, columns) = (
            latent.shape[2] / config.blocks.patch, latent.shape[3] / config.blocks.patch
        )
        func positions(_ count: Int) -> [Double] {
            let reach = Double(count) / Double(min(rows, columns)) * 7.5
            return (0..<count).map {
                7.5 - reach + (count > 1 ? 2 * reach * Double($0) / Double(count - 1) : 0)
            }
        }
        let table = sinusoidTable2D(
            rows: positions(rows), columns: positions(columns), channels: config.width, on: latent.device)
        return model.patches.tokens(latent) + table
    }

    /// SiLU of the vector that modulates its blocks, [B, 1, D].
    private func timeAndText(_ timestep: Tensor, _ pooled: Tensor) -> Tensor {
        let time = timeEmbedder(timestepSinusoids(timestep, width: SD3Transformer.timeWidth))
        return silu(time + textEmbedder(pooled)).reshaped(pooled.shape[0], 1, config.width)
    }
}
