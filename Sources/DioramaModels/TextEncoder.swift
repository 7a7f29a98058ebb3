public import DioramaWeights

/// A text encoder with its tokenizer: what nodes need to know of any family.
public protocol TextEncoder: Sendable {
    /// Encodes one text; throws `ModelInputError` where the encoder cannot take what the tokenizer gives.
    func encode(_ text: String) throws -> EncodedText

    /// Encodes one text with the states after another layer than the family's own.
    ///
    /// - Parameters:
    ///   - text: the text.
    ///   - layer: -1 is the last layer, -2 the one before it; one that an encoder does not have gives what comes behind
    ///     its final norm.
    /// - Returns: the conditioning, a batch of one.
    /// - Throws: `ModelInputError`, also where the encoder has no layers to choose from.
    func encode(_ text: String, layer: Int) throws -> EncodedText

    /// Encodes a text for each of several encoders.
    ///
    /// - Parameter prompts: the texts.
    /// - Returns: the conditioning, a batch of one.
    /// - Throws: `ModelInputError`, also where the encoders are others than those that there are texts for.
    func encode(_ prompts: EncoderPrompts) throws -> EncodedText

    /// The encoder with other lengths of T5's sequences.
    ///
    /// - Parameters:
    ///   - padding: how many tokens fill a text up at least.
    ///   - length: up to which short texts are filled.
    /// - Returns: the encoder.
    /// - Throws: `ModelInputError` where there is no T5.
    func padded(t5Padding padding: Int, t5Length length: Int) throws -> Self

    /// How many tokens at the end of a text ``encode(_:)`` would leave out, found without encoding it; nil where that cannot
    /// be told.
    func truncatedTokens(in text: String) -> Int?

    /// The encoder with an adapter's changes at `strength`, added to those it has; both share all stored weights.
    ///
    /// What does not fit is told by `adapter.finish()`, when the diffusion model has had its part too.
    func adapted(by adapter: inout AdapterApplication, strength: Double) throws -> Self
}

extension TextEncoder {
    /// Not told beforehand.
    public func truncatedTokens(in text: String) -> Int? { nil }

    /// Has no layers to choose from; throws `ModelInputError`.
    public func encode(_ text: String, layer: Int) throws -> EncodedText {
        throw ModelInputError(
            "this text encoder gives the states of one layer only; leave out CLIP Set Last Layer")
    }

    /// Has one encoder alone; throws `ModelInputError`.
    public func encode(_ prompts: EncoderPrompts) throws -> EncodedText {
        throw ModelInputError("this text encoder takes one text; use CLIP Text Encode (Prompt)")
    }

    /// Has no T5; throws `ModelInputError`.
    public func padded(t5Padding padding: Int, t5Length length: Int) throws -> Self {
        throw ModelInputError("this text encoder has no T5, whose lengths could be changed")
    }

    /// Takes no adapters; throws `ModelInputError`.
    public func adapted(by adapter: inout AdapterApplication, strength: Double) throws -> Self {
        throw ModelInputError("this text encoder takes no LoRA")
    }
}

/// A text for each of several encoders of a family.
public struct EncoderPrompts: Hashable, Sendable {
    /// For CLIP-L.
    public var clipL: String
    /// For CLIP-G, of encoders that have one; nil where that reads CLIP-L's.
    public var clipG: String?
    /// For T5.
    public var t5: String
    /// Whether T5, and both CLIPs together, give as little as they can for an empty text, rather than what it means to them.
    public var skipsEmpty: Bool
    /// The layer whose states are given, as ``TextEncoder/encode(_:layer:)`` counts them; nil for the family's own.
    public var layer: Int?

    /// A text for each.
    public init(
        clipL: String = "", clipG: String? = nil, t5: String = "", skipsEmpty: Bool = false, layer: Int? = nil
    ) {
        self.clipL = clipL
        self.clipG = clipG
        self.t5 = t5
        self.skipsEmpty = skipsEmpty
        self.layer = layer
    }
}

/// A text as a diffusion model is told it.
public struct EncodedText: Sendable {
    /// The conditioning, a batch of one.
    public let context: TextContext
    /// How many tokens at the end of the text were left out because the encoder takes no more; 0 when it was read whole.
    public let truncatedTokens: Int
}
