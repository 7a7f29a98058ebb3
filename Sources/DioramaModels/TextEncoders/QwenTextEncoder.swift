import DioramaTensor
import DioramaTokenizers
public import DioramaWeights

/// Qwen3 as a text encoder: the prompt within a chat's template, and the states of some of its layers, side by side.
///
/// Weights in parentheses are text here, as in ComfyUI.
public struct QwenTextEncoder: TextEncoder {
    /// How a family asks it.
    struct Style: Sendable {
        /// What stands before and after the prompt.
        let before, after: String
        /// The hidden states that are taken, as transformers counts them.
        let states: [Int]
        /// The length up to which short texts are filled; what fills up is not seen within, but given with the rest.
        let shortest: Int

        /// Z-Image: the state before the last layer, of the tokens that there are.
        static let zImage = Style(
            before: "<|im_start|>user\n", after: "<|im_end|>\n<|im_start|>assistant\n", states: [-2],
            shortest: 1)
        /// FLUX.2 klein: three states, of 512 tokens or more.
        static let klein = Style(
            before: "<|im_start|>user\n",
            after: "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n", states: [9, 18, 27],
            shortest: 512)
    }

    private let tokenizer: QwenTokenizer
    private let model: Qwen3Model
    private let style: Style
    private let device: Device

    /// The longest prompt in tokens, its template included.
    private static let longest = 4096

    init(_ tokenizer: QwenTokenizer, _ model: Qwen3Model, _ style: Style, on device: Device) {
        self.tokenizer = tokenizer
        self.model = model
        self.style = style
        self.device = device
    }

    /// Encodes one text: [1, L, states · width].
    public func encode(_ text: String) throws -> EncodedText {
        let (ids, truncated) = ids(of: text)
        let filled = ids + Array(repeating: tokenizer.padID, count: max(style.shortest - ids.count, 0))
        let states = try model.states(style.states, of: [filled], lengths: [ids.count], on: device)
        return EncodedText(
            context: TextContext(tokens: states.count == 1 ? states[0] : .concatenated(states, axis: 2)),
            truncatedTokens: truncated)
    }

    /// How many tokens at the end of a text would be left out.
    public func truncatedTokens(in text: String) -> Int? { ids(of: text).truncated }

    /// The template stays whole; what is too long is cut from the end of the prompt.
    private func ids(of text: String) -> (ids: [Int], truncated: Int) {
        let whole = tokenizer.tokens(style.before + text + style.after)
        let longest = min(Self.longest, model.config.positions)
        guard whole.count > longest else { return (whole, 0) }
        let end = tokenizer.tokens(style.after)
        return (whole.prefix(max(longest - end.count, 0)) + end, whole.count - longest)
    }

    /// The encoder itself: adapters for diffusion models have no layers of it.
    public func adapted(by adapter: inout AdapterApplication, strength: Double) throws -> QwenTextEncoder {
        self
    }
}
