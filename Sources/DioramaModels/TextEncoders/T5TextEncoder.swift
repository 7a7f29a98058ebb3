import DioramaTensor
public import DioramaWeights

/// T5 alone as a text encoder: PixArt and Chroma.
public struct T5TextEncoder: TextEncoder {
    private var stage: T5Stage
    private let device: Device

    init(_ stage: T5Stage, on device: Device) {
        self.stage = stage
        self.device = device
    }

    /// Encodes one text, [1, L, D]: with as many tokens as it has.
    public func encode(_ text: String) throws -> EncodedText {
        let (states, truncated) = try stage.encode(text, on: device)
        return EncodedText(context: TextContext(tokens: states), truncatedTokens: truncated)
    }

    /// How many tokens at the end of a text would be left out.
    public func truncatedTokens(in text: String) -> Int? { stage.sections(text).truncated }

    /// The encoder with other lengths.
    public func padded(t5Padding padding: Int, t5Length length: Int) -> T5TextEncoder {
        var copy = self
        (copy.stage.padding, copy.stage.shortest) = (padding, length)
        return copy
    }

    /// The encoder itself: adapters for diffusion models have no layers of it.
    public func adapted(by adapter: inout AdapterApplication, strength: Double) throws -> T5TextEncoder {
        self
    }
}
