import DioramaTensor
public import DioramaWeights

/// A text encoder of a weights file, found by the names and shapes of its tensors.
public struct FoundTextEncoder: Sendable {
    /// Which one it is.
    public let kind: TextEncoderKind
    /// What stands before the names of its tensors, with its dot: `text_encoders.t5xxl.transformer.`; empty in files of one encoder.
    public let prefix: String
    /// How the file spells its tensors.
    public let names: TensorNames

    /// All text encoders of a file, in its order: one in most files, several in checkpoints.
    ///
    /// Known are the spellings of transformers, OpenCLIP and llama.cpp, with any prefix. Files are told apart as ComfyUI's
    /// `detect_te_model` does it, but by widths instead of numbers of layers.
    public static func all(in source: any TensorSource) -> [FoundTextEncoder] {
        Array(source.keys.lazy.compactMap { found($0, in: source) }.prefix(most))
    }

    /// Encoders that are looked for in a file, more than any has.
    private static let most = 16

    /// The encoder that has the tensor `key`, where it is one that each has once.
    private static func found(_ key: String, in source: any TensorSource) -> FoundTextEncoder? {
        for (marker, family) in markers where key.hasSuffix(marker) {
            let prefix = String(key.dropLast(marker.count))
            guard prefix.isEmpty || prefix.hasSuffix(".") else { continue }
            let place = prefix.split(separator: ".").last.map(String.init) ?? ""
            guard !otherPlaces.contains(place) else { return nil }
            return found(family, EncoderTensors(source: source, prefix: prefix))
        }
        return nil
    }

    /// A tensor that each encoder of a family has once, by its spellings; those that end others come after them.
    private static let markers: [(tensor: String, family: Family)] = [
        ("text_model.encoder.layers.0.mlp.fc1.weight", .clip),
        ("encoder.layers.0.mlp.fc1.weight", .clip),
        ("transformer.resblocks.0.mlp.c_fc.weight", .clip),
        ("encoder.block.0.layer.0.SelfAttention.q.weight", .t5),
        ("enc.blk.0.attn_q.weight", .t5),
        ("model.layers.0.input_layernorm.weight", .language),
        ("layers.0.input_layernorm.weight", .language),
        ("blk.0.attn_norm.weight", .language),
    ]

    private enum Family { case clip, t5, language }

    /// Parts of models that have the same tensors and are no text encoders.
    private static let otherPlaces: Set = [
        "visual", "vision_model", "vision_tower", "audio_tower", "v", "a", "enc", "dec", "decoder",
    ]

    private static func found(_ family: Family, _ tensors: EncoderTensors) -> FoundTextEncoder? {
        let prefix = tensors.prefix
        switch family {
        case .clip:
            return tensors.clip.map {
                Self(kind: $0, prefix: prefix, names: CLIPTextModel.names(prefix: prefix))
            }
        case .t5:
            return Self(kind: tensors.t5, prefix: prefix, names: T5EncoderModel.names(prefix: prefix))
        case .language:
            return Self(
                kind: tensors.languageModel, prefix: prefix, names: Qwen3Model.names(prefix: prefix))
        }
    }
}

extension TextEncoderKind {
    /// The text encoder that a file holds, the first where it holds several (``FoundTextEncoder/all(in:)``); unknown where it holds none.
    public init(of source: any TensorSource) {
        let some = source.keys.prefix(3).joined(separator: ", ")
        self =
            FoundTextEncoder.all(in: source).first?.kind
            ?? .unknown(some.isEmpty ? "a file without tensors" : "no text encoder: it begins with \(some)")
    }
}
