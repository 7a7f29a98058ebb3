import DioramaTensor
package import DioramaTokenizers
public import DioramaWeights

/// The text encoders of Stable Diffusion 3: two CLIPs side by side, and zero tokens where T5 would follow.
///
/// As diffusers' `StableDiffusion3Pipeline.encode_prompt` without `text_encoder_3`: the penultimate states of both, joined on features
/// and padded with zeros to the transformer's text width; then 256 zero tokens, folded into one; pooled, both projections joined.
public struct SD3TextEncoder: TextEncoder {
    private let first, second: CLIP
    private let contextWidth: Int
    private let device: Device

    /// Zero tokens in place of T5's, diffusers' `max_sequence_length`.
    private static let zeroTokens = 256

    /// One CLIP with its tokenizer.
    struct CLIP: Sendable {
        let tokenizer: CLIPTokenizer
        let model: CLIPTextModel
    }

    /// - Throws: `ModelInputError` where the joined states are wider than `contextWidth`.
    init(first: CLIP, second: CLIP, contextWidth: Int, on device: Device) throws {
        let width = first.model.config.width + second.model.config.width
        guard width <= contextWidth else {
            throw ModelInputError(
                "the text encoders give \(width) features, more than the transformer's joint_attention_dim, \(contextWidth)"
            )
        }
        self.first = first
        self.second = second
        self.contextWidth = contextWidth
        self.device = device
    }

    private init(_ other: SD3TextEncoder, first: CLIP, second: CLIP) {
        self.first = first
        self.second = second
        contextWidth = other.contextWidth
        device = other.device
    }

    /// Both encoders with an adapter's changes, their own weights shared.
    public func adapted(by adapter: inout AdapterApplication, strength: Double) throws -> SD3TextEncoder {
        func adapted(_ clip: CLIP, as place: CLIPPlace) throws -> CLIP {
            CLIP(
                tokenizer: clip.tokenizer,
                model: try clip.model.adapted(by: &adapter, as: place, strength: strength))
        }
        return SD3TextEncoder(
            self, first: try adapted(first, as: .first), second: try adapted(second, as: .second))
    }

    /// The ids of `text` for each CLIP, padded and cut to one length.
    package func tokenize(_ text: String) -> [CLIPTokenizer.Encoding] {
        let length = first.tokenizer.maxLength
        return [first, second].map { $0.tokenizer.encode(text, length: length) }
    }

    /// How many tokens at the end of a text one of the CLIPs would not read.
    public func truncatedTokens(in text: String) -> Int? { Self.truncated(tokenize(text)) }

    private static func truncated(_ encodings: [CLIPTokenizer.Encoding]) -> Int {
        encodings.map(\.truncated).max() ?? 0
    }

    /// Encodes one text.
    public func encode(_ text: String) throws -> EncodedText { try encode(text, states: \.penultimate) }

    /// Encodes one text with the states after a layer of each CLIP, counted from its end; see `TextEncoder`.
    public func encode(_ text: String, layer: Int) throws -> EncodedText {
        try encode(text) { $0.state(ofLayer: layer) }
    }

    private func encode(
        _ text: String, states chosen: (CLIPTextModel.Output) -> Tensor
    ) throws -> EncodedText {
        let encodings = tokenize(text)
        let outputs = try zip([first, second], encodings).map { try $0.model([$1.ids], on: device) }
        let states = Tensor.concatenated(outputs.map(chosen), axis: -1)
        let padded = states.padded([
            (axis: 2, before: 0, after: contextWidth - states.shape[2]),
            (axis: 1, before: 0, after: 1),
        ])
        let context = TextContext(
            tokens: padded, pooled: .concatenated(outputs.map(\.projected), axis: -1),
            tailCount: Self.zeroTokens)
        return EncodedText(context: context, truncatedTokens: Self.truncated(encodings))
    }
}
