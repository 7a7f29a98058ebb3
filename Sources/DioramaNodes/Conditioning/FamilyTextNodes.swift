import DioramaGraph
import DioramaModels

/// Encodes a prompt for each of FLUX.1's text encoders.
struct CLIPTextEncodeFlux: Node {
    static let spec = NodeSpec(
        "CLIPTextEncodeFlux", category: "model/conditioning/flux",
        "Encodes a prompt for each of FLUX.1's text encoders, and says how strongly to follow it.",
        searchAliases: ["prompt", "text"])

    @Input("FLUX.1's text encoders.") var clip: CLIP
    @Input("The prompt for CLIP-L, in key words.", multiline: true, dynamicPrompts: true) var clipL: String
    @Input("The prompt for T5, in sentences.", multiline: true, dynamicPrompts: true) var t5xxl: String
    @Input("How strongly to follow it.", in: 0...100, step: 0.1) var guidance = 3.5

    @Output("The encoded prompt.") var conditioning: Conditioning

    func run(_ context: RunContext) async throws {
        let encoded = try clip.encode(EncoderPrompts(clipL: clipL, t5: t5xxl))
        conditioning = try context.conditioning(encoded).mapped { $0.guidance = guidance }
    }
}

/// Encodes a prompt for each of Stable Diffusion 3's text encoders.
struct CLIPTextEncodeSD3: Node {
    static let spec = NodeSpec(
        "CLIPTextEncodeSD3", title: "CLIP Text Encode (SD3)", category: "model/conditioning/stable diffusion",
        "Encodes a prompt for each of Stable Diffusion 3's text encoders.", searchAliases: ["prompt", "text"])

    @Input("Stable Diffusion 3's text encoders.") var clip: CLIP
    @Input("The prompt for CLIP-L.", multiline: true, dynamicPrompts: true) var clipL: String
    @Input("The prompt for CLIP-G.", multiline: true, dynamicPrompts: true) var clipG: String
    @Input("The prompt for T5.", multiline: true, dynamicPrompts: true) var t5xxl: String
    @Input(
        "Whether T5, and both CLIPs together, give nothing for an empty prompt, or what an empty prompt means to them.",
        options: ["none", "empty_prompt"], advanced: true)
    var emptyPadding = "none"

    @Output("The encoded prompt.") var conditioning: Conditioning

    func run(_ context: RunContext) async throws {
        let prompts = EncoderPrompts(
            clipL: clipL, clipG: clipG, t5: t5xxl, skipsEmpty: emptyPadding == "none")
        conditioning = try context.conditioning(clip.encode(prompts))
    }
}

/// Changes how far T5 fills short prompts up.
struct T5TokenizerOptions: Node {
    static let spec = NodeSpec(
        "T5TokenizerOptions", title: "T5 Tokenizer Options", category: "model/conditioning",
        "Changes how far T5 fills short prompts up with empty tokens, which models such as Chroma feel.",
        lane: .io,
        isExperimental: true)

    @Input("Text encoders with a T5.") var clip: CLIP
    @Input("Empty tokens behind the prompt, at least.", in: 0...10000, step: 1) var minPadding = 0
    @Input("Tokens up to which a short prompt is filled.", in: 0...10000, step: 1) var minLength = 0

    @Output("The text encoders with the change.", name: "CLIP") var changed: CLIP

    func run(_ context: RunContext) throws {
        var copy = clip
        copy.encoder = try copy.encoder.padded(t5Padding: minPadding, t5Length: minLength)
        changed = copy
    }
}

extension RunContext {
    /// The conditioning of an encoded prompt; tells of tokens that were left out.
    ///
    /// - Throws: `NonFiniteText` where a value is no number, rather than a picture that is not of the prompt.
    func conditioning(_ encoded: EncodedText) throws -> Conditioning {
        if encoded.truncatedTokens > 0 {
            notice(
                "the prompt is too long for the text encoder: its last \(encoded.truncatedTokens) tokens were left out"
            )
        }
        guard encoded.context.tokens.allFinite, encoded.context.pooled?.allFinite ?? true else {
            throw NonFiniteText()
        }
        return Conditioning([encoded.context])
    }
}

/// The text encoder gave values that are no numbers.
struct NonFiniteText: Error, CustomStringConvertible {
    var description: String {
        "the encoded prompt has values that are not finite numbers; the text encoder's weights may be damaged (diorama inspect --damaged "
            + "lists them)"
    }
}
