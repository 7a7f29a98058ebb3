public import DioramaGraph
public import DioramaModels
public import DioramaSampling

/// A diffusion model ready to be sampled: whatever the family, a value on an edge.
public struct Model: PortValue {
    /// The type's name on an edge.
    public static let portType: PortType = "MODEL"

    /// The network.
    public var network: any DiffusionModel {
        didSet { networkIdentity = NetworkIdentity() }
    }
    /// Tells networks apart: copies of a model have the same one, a model that is given another network has another.
    private(set) var networkIdentity = NetworkIdentity()
    /// How its noise is measured.
    public var sampling: ModelSampling
    /// How latents are scaled for it.
    public var latentFormat: LatentFormat
    /// Hooks around its blocks; a later one stands around the earlier ones.
    public private(set) var blockHooks: [ModelHook] = []
    /// How a run of a sampler makes its hooks around the whole network; a later one stands around the earlier ones.
    public private(set) var networkHooks: [NetworkHookMaker] = []
    /// ControlNets that steer it whatever the prompt, beside those of the prompts.
    public var controls: [Control] = []
    /// What it changes about guidance.
    public var guidance = GuidanceHooks()
    /// How sharply cells of a noise mask change all at once, each from its own step on: 0...1; nil where a mask mixes in
    /// every step.
    public var differentialStrength: Double?

    /// Whether every run keeps keys and values of the pictures that the model looks at from its first step.
    public var cachesReferences = false

    /// Gathers what sampling needs.
    public init(network: any DiffusionModel, sampling: ModelSampling, latentFormat: LatentFormat) {
        self.network = network
        self.sampling = sampling
        self.latentFormat = latentFormat
    }

    /// Adds a hook around blocks.
    ///
    /// Models are values: a node changes its own copy, and the model it was given stays as it is. Percents become
    /// noise levels by the model's sampling as it is now, as in ComfyUI: change that first.
    ///
    /// - Parameters:
    ///   - hook: what to do to which blocks.
    ///   - start: the part of the way where it begins to hold: 0 is pure noise.
    ///   - end: the part of the way where it ceases to hold: 1 is the picture.
    ///   - prompts: the predictions for which it holds.
    /// - Throws: `BlockError` when the model does not have those blocks.
    public mutating func add(
        _ hook: BlockHook, from start: Double = 0, to end: Double = 1, for prompts: Prompts = .both
    ) throws {
        try hook.blocks.check(network.blockGroups)
        let window = sampling.window(fromPercent: start, to: end)
        blockHooks.append(ModelHook(hook: hook, window: window, prompts: prompts))
    }

    /// Adds a hook around the whole network, which every run of a sampler makes anew.
    ///
    /// - Parameter maker: makes the hook for one run.
    public mutating func add(networkHook maker: @escaping NetworkHookMaker) { networkHooks.append(maker) }
}

/// An object that stands for a network.
final class NetworkIdentity: Sendable {}

/// A text encoder with its tokenizer.
public struct CLIP: PortValue {
    /// The type's name on an edge.
    public static let portType: PortType = "CLIP"

    /// Turns text into conditioning.
    public var encoder: any TextEncoder
    /// The layer whose states are the conditioning: -1 is the last, -2 the one before it; nil is the family's own.
    public var layer: Int?

    /// Wraps an encoder.
    ///
    /// - Parameters:
    ///   - encoder: turns text into conditioning.
    ///   - layer: counted from the end; nil for the family's own.
    public init(encoder: any TextEncoder, layer: Int? = nil) {
        self.encoder = encoder
        self.layer = layer
    }

    /// Encodes a text for each of several encoders, with the states of the chosen layer; throws `ModelInputError`.
    public func encode(_ prompts: EncoderPrompts) throws -> EncodedText {
        var prompts = prompts
        prompts.layer = layer
        return try encoder.encode(prompts)
    }

    /// Encodes one text with the states of the chosen layer.
    ///
    /// - Parameter text: the text.
    /// - Returns: the conditioning, a batch of one.
    /// - Throws: `ModelInputError` where the encoder cannot take the text, or has no layers to choose from.
    public func encode(_ text: String) throws -> EncodedText {
        guard let layer else { return try encoder.encode(text) }
        return try encoder.encode(text, layer: layer)
    }
}

/// An autoencoder between pixels and latents.
public struct VAE: PortValue {
    /// The type's name on an edge.
    public static let portType: PortType = "VAE"

    /// The network.
    public var autoencoder: any Autoencoder

    /// Wraps an autoencoder.
    public init(autoencoder: any Autoencoder) { self.autoencoder = autoencoder }
}
