import DioramaNN
public import DioramaTensor
public import DioramaWeights

/// The transformer of Z-Image and Z-Image-Turbo: from a noisy latent to the velocity of the flow.
///
/// One stream of image and text tokens, after a few blocks over each alone. Both are filled up to multiples of 32 with learned
/// tokens that take part in attention. Names as in diffusers' `ZImageTransformer2DModel`; files of ComfyUI's spelling are
/// read in place.
public struct ZImageTransformer: DiffusionModel {
    /// Its shape.
    public let config: ZImageConfig

    private let weights: Weights
    private let timeFirst, timeSecond: Linear
    private let imageEmbedder, contextEmbedder: Linear
    private let contextNorm: RMSNorm
    /// [1, D].
    private let imagePad, contextPad: Tensor
    private let noiseRefiner, contextRefiner, layers: [ZImageBlock]
    private let outputModulation, output: Linear

    /// Width of the sinusoids of time.
    private static let timeWidth = 256
    /// Tokens of image and text each come in multiples of this.
    private static let multiple = 32

    /// Under which names files have its tensors.
    public static func names(prefix: String = "") -> TensorNames { ZImageNames.tensors(prefix: prefix) }

    /// Takes the weights; throws where any is missing or of another shape.
    public init(_ w: Weights, _ config: ZImageConfig) throws {
        self.config = config
        weights = w
        let (width, cells) = (config.width, ZImageConfig.patch * ZImageConfig.patch)
        let mlp = w["t_embedder.mlp"]
        let inner = max(mlp.shape(of: "0.weight")?.dims.first ?? 1024, 1)
        timeFirst = try Linear(mlp[0], from: Self.timeWidth, to: inner, isSensitive: true)
        timeSecond = try Linear(mlp[2], from: inner, to: config.conditionWidth, isSensitive: true)
        imageEmbedder = try Linear(
            w["all_x_embedder.2-1"], from: cells * config.channels, to: width, isSensitive: true)
        contextNorm = try RMSNorm(w["cap_embedder.0"], width: config.contextWidth, eps: config.eps)
        contextEmbedder = try Linear(
            w["cap_embedder.1"], from: config.contextWidth, to: width, isSensitive: true)
        imagePad = try w.tensor("x_pad_token", [1, width])
        contextPad = try w.tensor("cap_pad_token", [1, width])
        func blocks(_ name: String, _ count: Int, isModulated: Bool = true) throws -> [ZImageBlock] {
            try (0..<count).map { try ZImageBlock(w[name][$0], config, isModulated: isModulated) }
        }
        noiseRefiner = try blocks("noise_refiner", config.refinerLayers)
        contextRefiner = try blocks("context_refiner", config.refinerLayers, isModulated: false)
        layers = try blocks("layers", config.layers)
        let final = w["all_final_layer.2-1"]
        outputModulation = try Linear(
            final["adaLN_modulation.1"], from: config.conditionWidth, to: width, isSensitive: true)
        output = try Linear(final["linear"], from: width, to: cells * config.channels, isSensitive: true)
    }

    /// The transformer with an adapter's changes, its own weights shared.
    public func adapted(by adapter: inout AdapterApplication, strength: Double) throws -> ZImageTransformer {
        try ZImageTransformer(
            weights.adapted(by: &adapter, names: ZImageNames.adapters, strength: strength), config)
    }

    /// Z-Image.
    public var familyName: String { "Z-Image" }

    /// The number of channels its latents have.
    public var latentChannels: Int { config.channels }

    /// Its blocks over image and text together.
    public var blockGroups: [BlockGroup] { [BlockGroup(.single, count: config.layers)] }

    /// Throws `ModelInputError` where latent and text are not of the shapes the model takes.
    public func check(latent: Shape, context: TextContext) throws {
        try checkFlowInput(latent, context, channels: config.channels, textWidth: config.contextWidth)
    }

    /// The velocity at `latent`, [B, C, H, W], at `timestep` [B] in 0...1 (1 is pure noise): of the latent's shape.
    ///
    /// Throws what `check` and `runner` throw.
    public func callAsFunction(
        _ latent: Tensor, timestep: Tensor, context: TextContext, through runner: BlockRunner
    ) throws -> Tensor {
        try check(latent: latent.shape, context: context)
        let whole = latent.wrapped(toMultiplesOf: ZImageConfig.patch)
        let text = filled(contextEmbedder(contextNorm(context.unfolded)), with: contextPad)
        let image = filled(
            imageEmbedder(Patches.cut(whole, patch: ZImageConfig.patch, .channelsLast)), with: imagePad)
        let (textPlaces, imagePlaces) = places(text.shape[1], whole.shape, image.shape[1])
        let time = runner.vector(at: timestep) { conditions(at: $0) }

        let imagePositions = rotary(imagePlaces, on: latent.device)
        let refined = try runner.refine(noiseRefiner, BlockState(image: image), modulation: time.value) {
            BlockState(image: $0($1.image, imagePositions, time: time))
        }
        let textPositions = rotary(textPlaces, on: latent.device)
        let read = contextRefiner.reduce(text) { $1($0, textPositions) }
        let positions = rotary(imagePlaces + textPlaces, on: latent.device)
        let state = try runner.run(
            layers, .single, BlockState(image: .concatenated([refined.image, read], axis: 1)),
            modulation: time.value
        ) { block, state in BlockState(image: block(state.image, positions, time: time)) }

        let count = whole.shape[2] * whole.shape[3] / (ZImageConfig.patch * ZImageConfig.patch)
        let scale = outputModulation(silu(time))
        let normed = modulatedLayerNorm(
            state.image.narrowed(axis: 1, 0..<count), scale: scale,
            shift: .zeros(scale.shape, on: scale.device),
            eps: 1e-6)
        return -Patches.joined(
            output(normed), height: whole.shape[2], width: whole.shape[3], patch: ZImageConfig.patch,
            .channelsLast
        ).cropped(to: latent.shape)
    }

    /// What modulates the blocks, [B, 1, conditionWidth], at times [B]; a ControlNet's too.
    ///
    /// The model was trained with times that run the other way, from noise at 0 to the picture at 1.
    func conditions(at timestep: Tensor) -> Tensor {
        let time = Tensor.full(1, timestep.shape, on: timestep.device) - timestep
        let sinusoids = timestepSinusoids(time * config.timeScale, width: Self.timeWidth)
        return timeSecond(timeFirst(sinusoids, LinearEpilogue(.silu)))
            .reshaped(time.shape[0], 1, config.conditionWidth)
    }

    /// Where the tokens of a latent, [B, C, H, W], are beside a text, without those that fill them up.
    func imagePositions(_ latent: Shape, besides context: TextContext, on device: Device) -> RotaryPositions {
        let text = filledCount(context.unfolded.shape[1])
        return rotary(places(text, latent, 0).image, on: device)
    }

    private func rotary(_ places: [[Int]], on device: Device) -> RotaryPositions {
        RotaryPositions(places, axes: config.axes, theta: Double(config.theta), on: device)
    }

    /// The next multiple of 32.
    private func filledCount(_ length: Int) -> Int {
        (length + Self.multiple - 1) / Self.multiple * Self.multiple
    }

    /// Tokens [B, L, D] up to the next multiple of 32 with a learned token [1, D].
    private func filled(_ tokens: Tensor, with pad: Tensor) -> Tensor {
        let (batch, length, width) = (tokens.shape[0], tokens.shape[1], tokens.shape[2])
        let missing = filledCount(length) - length
        guard missing > 0 else { return tokens }
        let pads = pad.asType(.f32).reshaped(1, 1, width).repeated(missing, axis: 1).repeated(batch, axis: 0)
        return .concatenated([tokens, pads], axis: 1)
    }

    /// Where tokens are: text in frames 1 and on, the image in the frame after it; what fills the image up to `image` tokens is nowhere.
    private func places(_ text: Int, _ whole: Shape, _ image: Int) -> (text: [[Int]], image: [[Int]]) {
        let (rows, columns) = (whole[2] / ZImageConfig.patch, whole[3] / ZImageConfig.patch)
        let cells = (0..<rows).flatMap { row in (0..<columns).map { [text + 1, row, $0] } }
        let fillers = Array(repeating: [0, 0, 0], count: max(image - cells.count, 0))
        return ((0..<text).map { [$0 + 1, 0, 0] }, cells + fillers)
    }
}
