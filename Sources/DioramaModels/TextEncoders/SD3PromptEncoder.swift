import DioramaTensor
public import DioramaWeights

/// Stable Diffusion 3's text encoders, of which any may be missing: CLIP-L, CLIP-G and T5.
///
/// As ComfyUI's `SD3ClipModel`: the penultimate states of both CLIPs side by side, filled up with zeros to T5's width, and T5's behind
/// them; long texts become several sequences. A folder in diffusers' layout differs in its ``Style`` alone.
public struct SD3PromptEncoder: TextEncoder {
    /// What diffusers' `StableDiffusion3Pipeline.encode_prompt` does otherwise than ComfyUI.
    struct Style: Sendable {
        /// The width of all tokens; nil for T5's, or that of the true one where it is missing.
        var width: Int?
        /// Whether CLIP-L's pooled vector is projected.
        var projectsLeft = false
        /// Zero tokens where T5 is missing; they are equal, and folded into one.
        var zeroTokens = 0

        /// For files of their own.
        static let files = Style()
        /// For a folder whose transformer takes tokens that are `width` wide.
        static func folder(width: Int) -> Style {
            Style(width: width, projectsLeft: true, zeroTokens: SD3PromptEncoder.shortestInFolders)
        }
    }

    private let clipL, clipG: CLIPStage?
    private var t5: T5Stage?
    private let style: Style
    private let device: Device

    /// The widths of both CLIPs and of T5, in whose places zeros stand where they are missing.
    private static let widths = (clipL: 768, clipG: 1280, all: 4096)
    /// Tokens of T5 at least: ComfyUI's number, and diffusers' `max_sequence_length`.
    static let shortest = 77, shortestInFolders = 256

    init(clipL: CLIPStage?, clipG: CLIPStage?, t5: T5Stage?, _ style: Style = .files, on device: Device) {
        self.clipL = clipL
        self.clipG = clipG
        self.t5 = t5
        self.style = style
        self.device = device
    }

    /// Encodes one text for all.
    public func encode(_ text: String) throws -> EncodedText {
        try encode(EncoderPrompts(clipL: text, t5: text))
    }

    /// Encodes one text with the states after a layer of each encoder, counted from its end; T5's are normed.
    public func encode(_ text: String, layer: Int) throws -> EncodedText {
        try encode(EncoderPrompts(clipL: text, t5: text, layer: layer))
    }

    /// Encodes a text for each, as ComfyUI's `CLIPTextEncodeSD3`.
    ///
    /// The CLIP whose text becomes fewer sequences has those of an empty text behind them, even where the other's encoder is missing. With
    /// `skipsEmpty`, two empty texts give none, and T5's gives the state of its end alone.
    public func encode(_ prompts: EncoderPrompts) throws -> EncodedText {
        let layer = prompts.layer
        let (first, second) = (prompts.clipL, prompts.clipG ?? prompts.clipL)
        let counts = [(clipL ?? clipG, first), (clipG ?? clipL, second)].map { stage, text in
            stage?.sections(text).sections.count ?? 0
        }
        let count = prompts.skipsEmpty && first.isEmpty && second.isEmpty ? 0 : counts.max() ?? 0
        func output(_ stage: CLIPStage?, _ text: String) throws -> CLIPStage.Output? {
            guard count > 0 else { return nil }
            return try stage?.encode(text, count: count, on: device) { output in
                layer.map(output.state(ofLayer:)) ?? output.penultimate
            }
        }
        let (left, right) = (try output(clipL, first), try output(clipG, second))
        let rest =
            try prompts.skipsEmpty && prompts.t5.isEmpty
            ? t5?.encodeEnd(layer: layer ?? -1, on: device)
            : t5?.encode(prompts.t5, layer: layer ?? -1, on: device)
        let width = style.width ?? t5?.model.config.width ?? Self.widths.all

        var tokens: [Tensor] = []
        if left != nil || right != nil {
            let length = [left, right].compactMap { $0?.states.shape[1] }.min() ?? 0
            func part(_ output: CLIPStage.Output?, _ width: Int) -> Tensor {
                output?.states.narrowed(axis: 1, 0..<length) ?? .zeros([1, length, width], on: device)
            }
            // A CLIP-L alone has nothing but zeros of the rest beside it, so CLIP-G's need no place of their own.
            let parts = [part(left, leftWidth)] + (right == nil ? [] : [part(right, 0)])
            let both = Tensor.concatenated(parts, axis: 2)
            guard both.shape[2] <= width else {
                throw ModelInputError(
                    "the CLIPs give \(both.shape[2]) features, more than T5's \(width)")
            }
            tokens.append(both.padded([(axis: 2, before: 0, after: width - both.shape[2])]))
        }
        if let rest { tokens.append(rest.states) }
        let zeros = t5 == nil ? style.zeroTokens : 0
        if zeros > 0 { tokens.append(.zeros([1, 1, width], on: device)) }
        if tokens.isEmpty { tokens.append(.zeros([1, Self.shortest, width], on: device)) }
        let pooled = [
            (style.projectsLeft ? left?.projected : left?.pooled)
                ?? .zeros([1, leftPooledWidth], on: device),
            right?.projected ?? .zeros([1, clipG?.model.config.projection ?? Self.widths.clipG], on: device),
        ]
        return EncodedText(
            context: TextContext(
                tokens: .concatenated(tokens, axis: 1), pooled: .concatenated(pooled, axis: 1),
                tailCount: max(zeros, 1)),
            truncatedTokens: max(left?.truncated ?? 0, right?.truncated ?? 0, rest?.truncated ?? 0))
    }

    private var leftWidth: Int { clipL?.model.config.width ?? Self.widths.clipL }
    private var leftPooledWidth: Int {
        (style.projectsLeft ? clipL?.model.config.projection : nil) ?? leftWidth
    }

    /// The sequences of ids of a text for CLIP-L and CLIP-G.
    package func clipSections(of text: String) -> [TokenSections] {
        [clipL, clipG].compactMap { $0?.sections(text) }
    }

    /// How many tokens at the end of a text would be left out.
    public func truncatedTokens(in text: String) -> Int? {
        (clipSections(of: text) + [t5?.sections(text)].compactMap { $0 }).map(\.truncated).max()
    }

    /// The encoder with other lengths of T5's sequences.
    public func padded(t5Padding padding: Int, t5Length length: Int) -> SD3PromptEncoder {
        var copy = self
        copy.t5?.padding = padding
        copy.t5?.shortest = length
        return copy
    }

    /// Both CLIPs with an adapter's changes, their own weights shared; T5 stays as it is.
    public func adapted(by adapter: inout AdapterApplication, strength: Double) throws -> SD3PromptEncoder {
        SD3PromptEncoder(
            clipL: try clipL?.adapted(by: &adapter, as: .first, strength: strength),
            clipG: try clipG?.adapted(by: &adapter, as: .second, strength: strength), t5: t5, style,
            on: device
        )
    }
}
