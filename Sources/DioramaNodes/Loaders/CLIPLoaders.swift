import DioramaGraph
import DioramaModels
import DioramaTensor
import DioramaWeights

/// Loads a text encoder from a file of its own.
struct CLIPLoader: Node {
    static let spec = NodeSpec(
        "CLIPLoader", title: "Load CLIP", category: "model/loaders",
        "Loads a text encoder from one file (safetensors or GGUF) of the text_encoders folder; which one it is is known by its tensors. "
            + "The type says for which family: lumina2 (Z-Image) and flux2 take Qwen3, pixart and chroma T5, sd3 a CLIP or T5.",
        lane: .io, searchAliases: ["text encoder", "t5", "qwen", "gguf"])

    @Input(
        "A file of the text_encoders folder.", options: WeightsChoice.textEncoders.names,
        refusal: WeightsChoice.textEncoders.refusal) var clipName: String
    @Input("The family whose conditioning is made.", options: EncoderType.single) var type =
        "stable_diffusion"
    @Input(
        "Kept for ComfyUI's graphs: everything runs on the processor.", options: ["default", "cpu"],
        optional: true, advanced: true)
    var device = "default"

    @Input(PrecisionChoice.help, options: PrecisionChoice.names, optional: true, advanced: true)
    var precision = PrecisionChoice.automatic

    @Output("The text encoder with its tokenizer.") var clip: CLIP

    func run(_ context: RunContext) async throws {
        clip = try context.textEncoder([clipName], EncoderType.family(type, $type, context), precision)
    }

    func fingerprint(_ environment: RunEnvironment) throws -> String? {
        try WeightsChoice.textEncoders.fingerprint([$clipName.literal], precision, environment)
    }
}

/// Loads two text encoders that a family uses together.
struct DualCLIPLoader: Node {
    static let spec = NodeSpec(
        "DualCLIPLoader", title: "Load CLIP (Dual)", category: "model/loaders",
        "Loads two text encoders of the text_encoders folder, in any order: for flux CLIP-L and T5, for sd3 two of CLIP-L, CLIP-G and T5.",
        lane: .io, searchAliases: ["text encoder", "t5", "flux"])

    @Input(
        "A file of the text_encoders folder.", options: WeightsChoice.textEncoders.names,
        refusal: WeightsChoice.textEncoders.refusal)
    var clipName1: String
    @Input(
        "Another one.", options: WeightsChoice.textEncoders.names, refusal: WeightsChoice.textEncoders.refusal
    )
    var clipName2: String
    @Input("The family whose conditioning is made.", options: EncoderType.dual) var type = "sdxl"
    @Input(
        "Kept for ComfyUI's graphs: everything runs on the processor.", options: ["default", "cpu"],
        optional: true, advanced: true)
    var device = "default"

    @Input(PrecisionChoice.help, options: PrecisionChoice.names, optional: true, advanced: true)
    var precision = PrecisionChoice.automatic

    @Output("The text encoders with their tokenizers.") var clip: CLIP

    func run(_ context: RunContext) async throws {
        clip = try context.textEncoder(
            [clipName1, clipName2], EncoderType.family(type, $type, context), precision)
    }

    func fingerprint(_ environment: RunEnvironment) throws -> String? {
        try WeightsChoice.textEncoders.fingerprint(
            [$clipName1.literal, $clipName2.literal], precision, environment)
    }
}

/// Loads the three text encoders of Stable Diffusion 3.
struct TripleCLIPLoader: Node {
    static let spec = NodeSpec(
        "TripleCLIPLoader", title: "Load CLIP (Triple)", category: "model/loaders",
        "Loads the three text encoders of Stable Diffusion 3, CLIP-L, CLIP-G and T5, in any order.",
        lane: .io,
        searchAliases: ["text encoder", "sd3"])

    @Input(
        "A file of the text_encoders folder.", options: WeightsChoice.textEncoders.names,
        refusal: WeightsChoice.textEncoders.refusal)
    var clipName1: String
    @Input(
        "Another one.", options: WeightsChoice.textEncoders.names, refusal: WeightsChoice.textEncoders.refusal
    )
    var clipName2: String
    @Input(
        "The third.", options: WeightsChoice.textEncoders.names, refusal: WeightsChoice.textEncoders.refusal)
    var clipName3: String

    @Input(PrecisionChoice.help, options: PrecisionChoice.names, optional: true, advanced: true)
    var precision = PrecisionChoice.automatic

    @Output("The text encoders with their tokenizers.") var clip: CLIP

    func run(_ context: RunContext) async throws {
        clip = try context.textEncoder([clipName1, clipName2, clipName3], .sd3, precision)
    }

    func fingerprint(_ environment: RunEnvironment) throws -> String? {
        try WeightsChoice.textEncoders.fingerprint(
            [$clipName1.literal, $clipName2.literal, $clipName3.literal], precision, environment)
    }
}

/// The families that ComfyUI's loaders of text encoders name.
enum EncoderType {
    static let single = [
        "stable_diffusion", "stable_cascade", "sd3", "stable_audio", "mochi", "ltxv", "pixart", "cosmos",
        "lumina2",
        "wan", "hidream", "chroma", "ace", "omnigen2", "qwen_image", "hunyuan_image", "flux2", "ovis",
        "longcat_image", "cogvideox", "lens", "pixeldit", "ideogram4", "boogu", "krea2", "joyimage", "mage",
        "minimax",
    ]
    static let dual = [
        "sdxl", "sd3", "flux", "hunyuan_video", "hidream", "hunyuan_image", "hunyuan_video_15", "kandinsky5",
        "kandinsky5_image", "ltxv", "newbie", "ace",
    ]

    /// The family of a name; throws an error about the input for those that are not known here.
    static func family(
        _ name: String, _ input: InputReference<String>, _ context: RunContext
    ) throws -> TextEncoderFiles.Family {
        guard let family = TextEncoderFiles.Family(rawValue: name) else {
            let known = TextEncoderFiles.Family.allCases.map(\.rawValue).joined(separator: ", ")
            throw context.fail(input, "is \(name), whose models are not supported; supported are \(known)")
        }
        return family
    }
}

extension RunContext {
    /// The text encoder that files of the text_encoders folder make together.
    func textEncoder(
        _ names: [String], _ family: TextEncoderFiles.Family, _ precision: String
    ) throws -> CLIP {
        let files = try names.map { name in
            let url = try folders.model(name, in: WeightsChoice.textEncoders.kinds)
            return (url: url, source: try WeightsChoice.textEncoders.open(url))
        }
        let encoders = try TextEncoderFiles(
            files, models: folders.models, on: resource(Device.self),
            precision: environment.precision(precision))
        return CLIP(encoder: try encoders.encoder(for: family))
    }
}
