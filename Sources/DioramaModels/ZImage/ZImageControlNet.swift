import DioramaNN
public import DioramaTensor
public import DioramaWeights

/// A ControlNet of Z-Image: what it adds to a transformer's image tokens, by a picture, or by a part of one.
///
/// Blocks of the transformer's kind over the tokens of what it looks at. The first of a series takes in the transformer's own tokens
/// (`before_proj`), and each gives what is added (`after_proj`). Names as in VideoX-Fun's `ZImageControlTransformer2DModel`, of which
/// files have the part that controls (Z-Image-Turbo-Fun-Controlnet-Union); ComfyUI's spelling is read in place too.
public struct ZImageControlNet: ControlNetwork {
    /// Its shape, and how it is run.
    public let config: ZImageControlNetConfig

    private let embedder: Linear
    /// In the order in which they run.
    private let steps: [Step]
    /// The step of the first of its layers that are for the model's blocks over image and text.
    private let firstLayer: Int

    /// A block with what stands before and after it.
    private struct Step: Sendable {
        let block: ZImageBlock
        let before, after: Linear?

        /// [B, N, D] to the same; `entered` are the tokens of the transformer, of which the first N count.
        func callAsFunction(
            _ x: Tensor, _ entered: Tensor?, _ positions: RotaryPositions, _ time: ModulationVector
        ) throws -> Tensor {
            guard let before else { return block(x, positions, time: time) }
            guard let entered else {
                throw BlockError("the ControlNet is not told what goes into the model's block")
            }
            return block(
                before(x) + entered.narrowed(axis: 1, 0..<x.shape[1]), positions, time: time)
        }
    }

    /// Under which names files have its tensors.
    public static var names: TensorNames { ZImageNames.tensors() }

    /// Takes the weights; throws where any is missing or of another shape.
    public init(_ w: Weights, _ config: ZImageControlNetConfig) throws {
        self.config = config
        let (shape, width) = (config.blocks, config.width)
        embedder = try Linear(
            w["control_all_x_embedder.2-1"], from: ZImageConfig.patch * ZImageConfig.patch * shape.channels,
            to: width, isSensitive: true)
        func steps(_ name: String, _ count: Int, areSteering: Bool = true) throws -> [Step] {
            try (0..<count).map { index in
                let w = w[name][index]
                return Step(
                    block: try ZImageBlock(w, shape, isModulated: true),
                    before: areSteering && index == 0
                        ? try Linear(w["before_proj"], from: width, to: width) : nil,
                    after: areSteering ? try Linear(w["after_proj"], from: width, to: width) : nil)
            }
        }
        let refiner = "control_noise_refiner"
        let layers = try steps("control_layers", shape.layers)
        let first: [Step]
        switch config.refining {
        case .nothing: first = try steps(refiner, shape.refinerLayers, areSteering: false)
        case .byRefiner: first = try steps(refiner, shape.refinerLayers)
        case .byLayers: first = layers
        }
        self.steps = first + layers
        firstLayer = first.count
    }

    /// The latent of the picture, and where it has a mask that and the latent of another picture.
    public var hint: ControlHint {
        ControlHint(
            channels: config.latentChannels, latentFormat: .flux, scaling: .area, hasMask: config.hasMask,
            multiple: ZImageConfig.patch)
    }

    /// Throws `ModelInputError` unless the model is a Z-Image of the same width, heads and channels.
    public func check(steers model: any DiffusionModel) throws { _ = try steered(model) }

    private func steered(_ model: any DiffusionModel) throws -> ZImageTransformer {
        try steered(model) { config.misfit(ofFamily: model.familyName, $0?.config) }
    }

    /// What it adds to the blocks of `model`: each of its layers to one, evenly spread, and to the noise refiner as ``config`` says.
    public func residuals(
        _ latent: Tensor, hint: Tensor, timestep: Tensor, context: TextContext,
        steering model: any DiffusionModel, through runner: BlockRunner
    ) throws -> ControlResiduals {
        let model = try steered(model)
        let patch = ZImageConfig.patch
        func side(_ cells: Int) -> Int { (cells + patch - 1) / patch * patch }
        let whole: Shape = [
            latent.shape[0], config.blocks.channels, side(latent.shape[2]), side(latent.shape[3]),
        ]
        guard hint.shape == whole else {
            throw ModelInputError(
                "the ControlNet's hint is \(hint.shape), expected \(whole) for the latent, which is \(latent.shape)"
            )
        }
        let positions = model.imagePositions(whole, besides: context, on: latent.device)
        let time = runner.vector(at: timestep) { model.conditions(at: $0) }
        let steps = steps
        return ControlResiduals(
            from: BlockState(image: embedder(Patches.cut(hint, patch: patch, .channelsLast))),
            place: place(in: model), refinerPlace: refinerPlace
        ) { index, state, entered in
            try runner.run(
                steps[index], .control, at: index, of: steps.count, state, modulation: time.value
            ) {
                BlockState(image: try $0($1.image, entered?.image, positions, time))
            }
        } output: {
            steps[$0].after?($1) ?? $1
        }
    }

    /// Which of its steps is for a block of the model over image and text.
    private func place(in model: ZImageTransformer) -> ControlResiduals.Place {
        let (first, count, stride) = (firstLayer, config.blocks.layers, config.stride(in: model.config))
        return { $0.isMultiple(of: stride) && $0 / stride < count ? first + $0 / stride : nil }
    }

    /// Which of its steps is for a block of the model's noise refiner.
    private var refinerPlace: ControlResiduals.Place {
        let count = config.refining == .nothing ? 0 : min(config.blocks.refinerLayers, firstLayer)
        return { $0 < count ? $0 : nil }
    }
}
