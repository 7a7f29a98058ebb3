public import DioramaGraph
public import DioramaSampling

extension Sampler: PortValue {
    /// The type's name on an edge.
    public static let portType: PortType = "SAMPLER"
}

/// The noise levels that a sampler visits.
public struct Sigmas: PortValue {
    /// The type's name on an edge.
    public static let portType: PortType = "SIGMAS"

    /// Usually descending, the last one 0, in the units of the model.
    public var levels: [Float]

    /// Noise levels in the order in which they are visited.
    public init(_ levels: [Float]) { self.levels = levels }

    /// Bytes that the value keeps alive.
    public var byteCount: Int { levels.count * 4 }
}

/// The noise that a run starts from.
public struct Noise: PortValue {
    /// The type's name on an edge.
    public static let portType: PortType = "NOISE"

    /// Decides the noise, also what ancestral samplers add.
    public var seed: UInt64
    /// Whether there is any: without, the latent is taken as it is.
    public var isAdded: Bool

    /// Noise of a seed, or none.
    public init(seed: UInt64, isAdded: Bool = true) {
        self.seed = seed
        self.isAdded = isAdded
    }
}

/// A model with its prompts: how to ask it in each step.
public struct Guider: PortValue {
    /// The type's name on an edge.
    public static let portType: PortType = "GUIDER"

    /// The model to ask.
    public var model: Model
    /// What the picture shall show.
    public var positive: Conditioning
    /// What it shall not show; empty to ask with the prompt alone.
    public var negative: Conditioning
    /// How far to go from the second prediction beyond the first: classifier-free guidance.
    public var scale: Double
    /// A third prompt, and how it goes beyond what guidance by the other two gives; nil where there is none.
    public var third: ThirdPrompt?

    /// A model with its prompts.
    ///
    /// - Parameters:
    ///   - model: the model to ask.
    ///   - positive: what the picture shall show.
    ///   - negative: what it shall not show; empty to ask with the prompt alone.
    ///   - scale: how far to go from the second prediction beyond the first.
    ///   - third: a third prompt.
    public init(
        _ model: Model, positive: Conditioning, negative: Conditioning = Conditioning([]), scale: Double = 1,
        third: ThirdPrompt? = nil
    ) {
        self.model = model
        self.positive = positive
        self.negative = negative
        self.scale = scale
        self.third = third
    }
}
