import DioramaTensor
import DioramaTokenizers
public import DioramaWeights

/// Qwen3 as a text encoder: the prompt within a chat's template, and the states of some of its layers, side by side.
///
/// Weights in parentheses are text here, as in ComfyUI; `\(` and `\)` are parentheses all the same. What follows an `<|endoftext|>` in
/// the text is not seen, for that is also what fills texts up.
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
    public func encode(_ text: String) throws -> EncodedText { try encode(text, states: style.states) }

    /// Encodes one text with the states after another layer, without the final norm; FLUX.2 takes its three all the same.
    public func encode(_ text: String, layer: Int) throws -> EncodedText {
        guard style.states.count == 1 else { return try encode(text) }
        guard layer <= -2, -layer <= model.config.layers else {
            throw ModelInputError(
                "CLIP Set Last Layer asks Qwen3 for layer \(layer); Z-Image takes -2, and -\(model.config.layers) to -2 are there"
            )
        }
        return try encode(text, states: [layer])
    }

    private func encode(_ text: String, states wanted: [Int]) throws -> EncodedText {
        let sequence = sequence(of: text)
        let states = try model.states(
            wanted, of: [sequence.ids], lengths: [sequence.seen], on: device)
        return EncodedText(
            context: TextContext(tokens: states.count == 1 ? states[0] : .concatenated(states, axis: 2)),
            truncatedTokens: sequence.truncated)
    }

    /// How many tokens at the end of a text would be left out.
    public func truncatedTokens(in text: String) -> Int? { sequence(of: text).truncated }

    /// The ids of a text within its template, filled up; how many of them are seen; how many at the prompt's end were left out.
    ///
    /// The template stays whole; what is too long is cut from the end of the prompt.
    package func sequence(of text: String) -> (ids: [Int], seen: Int, truncated: Int) {
        var ids = tokenizer.tokens(style.before + WeightedPrompt.plain(text) + style.after)
        let truncated = max(0, ids.count - min(Self.longest, model.config.positions))
        if truncated > 0 {
            let end = tokenizer.tokens(style.after)
            ids = ids.prefix(max(ids.count - truncated - end.count, 0)) + end
        }
        ids += Array(repeating: tokenizer.padID, count: max(style.shortest - ids.count, 0))
        return (ids, ids.firstIndex(of: tokenizer.padID) ?? ids.count, truncated)
    }

    /// The encoder itself: adapters for diffusion models have no layers of it.
    public func adapted(by adapter: inout AdapterApplication, strength: Double) throws -> QwenTextEncoder {
        self
    }
}
