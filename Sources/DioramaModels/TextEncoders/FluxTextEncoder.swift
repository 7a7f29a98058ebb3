import DioramaTensor
public import DioramaWeights

/// FLUX.1's text encoders: T5 for the tokens, CLIP-L for the pooled vector.
///
/// As ComfyUI's `FluxClipModel`: texts are filled up to 256 tokens of T5, all of which are seen; the pooled vector is not projected.
public struct FluxTextEncoder: TextEncoder {
    private let clip: CLIPStage
    private var t5: T5Stage
    private let device: Device

    /// Tokens of T5 at least.
    static let shortest = 256

    init(clip: CLIPStage, t5: T5Stage, on device: Device) {
        self.clip = clip
        self.t5 = t5
        self.device = device
    }

    /// Encodes one text for both.
    public func encode(_ text: String) throws -> EncodedText {
        try encode(EncoderPrompts(clipL: text, t5: text))
    }

    /// Encodes one text with the normed states after a layer of T5, counted from the end; the pooled vector stays as it is.
    public func encode(_ text: String, layer: Int) throws -> EncodedText {
        try encode(EncoderPrompts(clipL: text, t5: text, layer: layer))
    }

    /// Encodes a text for each.
    public func encode(_ prompts: EncoderPrompts) throws -> EncodedText {
        guard prompts.clipG == nil else {
            throw ModelInputError(
                "FLUX.1's text encoders have no CLIP-G; use CLIPTextEncodeFlux or CLIP Text Encode (Prompt)")
        }
        let (tokens, truncated) = try t5.encode(prompts.t5, layer: prompts.layer ?? -1, on: device)
        let pooled = try clip.encode(prompts.clipL, on: device, \.last)
        return EncodedText(
            context: TextContext(tokens: tokens, pooled: pooled.pooled),
            truncatedTokens: max(truncated, pooled.truncated))
    }

    /// How many tokens at the end of a text would be left out.
    public func truncatedTokens(in text: String) -> Int? {
        max(t5.sections(text).truncated, clip.sections(text).truncated)
    }

    /// The encoder with other lengths of T5's sequences.
    public func padded(t5Padding padding: Int, t5Length length: Int) -> FluxTextEncoder {
        var copy = self
        (copy.t5.padding, copy.t5.shortest) = (padding, length)
        return copy
    }

    /// CLIP with an adapter's changes, its own weights shared; T5 stays as it is.
    public func adapted(by adapter: inout AdapterApplication, strength: Double) throws -> FluxTextEncoder {
        FluxTextEncoder(
            clip: try clip.adapted(by: &adapter, as: .first, strength: strength), t5: t5, on: device)
    }
}
