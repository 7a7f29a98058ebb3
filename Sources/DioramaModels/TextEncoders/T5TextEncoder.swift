import DioramaTensor
public import DioramaWeights

/// T5 alone as a text encoder: PixArt and Chroma.
public struct T5TextEncoder: TextEncoder {
    private var stage: T5Stage
    private let device: Device

    /// Tokens at least.
    static let shortest = 1

    /// What weights are measured against are pads alone, as ComfyUI's `pixart_t5.T5XXLModel` has it.
    init(alone stage: T5Stage, on device: Device) {
        self.stage = stage
        self.stage.emptyHasEnd = false
        self.device = device
    }

    /// Encodes one text, [1, L, D]: with as many tokens as it has.
    public func encode(_ text: String) throws -> EncodedText { try encode(text, layer: -1) }

    /// Encodes one text with the normed states after a layer, counted from the end.
    public func encode(_ text: String, layer: Int) throws -> EncodedText {
        let (states, truncated) = try stage.encode(text, layer: layer, on: device)
        return EncodedText(context: TextContext(tokens: states), truncatedTokens: truncated)
    }

    /// Encodes T5's text; there is no CLIP to read the other.
    public func encode(_ prompts: EncoderPrompts) throws -> EncodedText {
        guard prompts.clipG == nil else {
            throw ModelInputError("this text encoder is a T5 alone; use CLIP Text Encode (Prompt)")
        }
        return try encode(prompts.t5, layer: prompts.layer ?? -1)
    }

    /// How many tokens at the end of a text would be left out.
    public func truncatedTokens(in text: String) -> Int? { stage.sections(text).truncated }

    /// The encoder with other lengths.
    public func padded(t5Padding padding: Int, t5Length length: Int) -> T5TextEncoder {
        var copy = self
        (copy.stage.padding, copy.stage.shortest, copy.stage.seesPadding) = (padding, length, true)
        return copy
    }

    /// The encoder itself: adapters for diffusion models have no layers of it.
    public func adapted(by adapter: inout AdapterApplication, strength: Double) throws -> T5TextEncoder {
        self
    }
}
