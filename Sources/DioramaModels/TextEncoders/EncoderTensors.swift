import DioramaTensor
import DioramaWeights

/// What the tensors of a text encoder say of it.
struct EncoderTensors {
    let source: any TensorSource
    let prefix: String

    /// Which CLIP it is; nil for the encoder of pictures.
    var clip: TextEncoderKind? {
        let tokens = shape(
            "text_model.embeddings.token_embedding.weight", "embeddings.token_embedding.weight",
            "token_embedding.weight")
        guard let tokens, tokens.rank == 2 else { return nil }
        return switch tokens[1] {
        case 768: .clipL
        case 1024: .clipH
        case 1280: .clipG
        case let width: .unknown("a CLIP that is \(width) wide")
        }
    }

    /// Which T5 it is.
    var t5: TextEncoderKind {
        let tokens = shape("shared.weight", "encoder.embed_tokens.weight", "token_embd.weight")
        let (count, width) = extents(tokens)
        func has(_ tensor: String, _ other: String) -> Bool { shape(tensor, other) != nil }
        guard has("encoder.block.0.layer.1.DenseReluDense.wi_0.weight", "enc.blk.0.ffn_gate.weight") else {
            return .unknown("T5 1.0, \(width) wide, whose perceptron has no gate")
        }
        if has(
            "encoder.block.1.layer.0.SelfAttention.relative_attention_bias.weight",
            "enc.blk.1.attn_rel_b.weight")
        {
            return .umt5(width: width)
        }
        return switch count {
        case 384: .unknown("ByT5, \(width) wide, whose tokens are bytes")
        case 250_000...: .unknown("mT5, \(width) wide, whose vocabulary is not that of T5")
        default: .t5(width: width)
        }
    }

    /// Which language model it is.
    var languageModel: TextEncoderKind {
        let (count, width) = extents(
            shape("model.embed_tokens.weight", "embed_tokens.weight", "token_embd.weight"))
        func unknown(_ name: String) -> TextEncoderKind { .unknown("\(name), \(width) wide") }
        let architecture = source.metadata["general.architecture"] ?? ""

        if mentions("linear_attn.") { return unknown("Qwen3.5") }
        if mentions(".mlp.experts.") || mentions("ffn_gate_exps") { return unknown("a mixture of experts") }
        if layer("mlp.gate_up_proj.weight", nil) != nil { return unknown("GLM-4") }
        let norm = layer("self_attn.q_norm.weight", "attn_q_norm.weight")
        if layer("post_feedforward_layernorm.weight", "post_ffw_norm.weight") != nil {
            return unknown(norm == nil ? "Gemma 2" : "Gemma 3")
        }
        if let bias = layer("self_attn.k_proj.bias", "attn_k.bias") {
            let isVision = hasVision || architecture == "qwen2vl"
            let size = bias == [256] ? " 3B" : bias == [512] ? " 7B" : ""
            return unknown((isVision ? "Qwen2.5-VL" : "Qwen2.5 or Qwen2.5-VL") + size)
        }
        if norm != nil {
            return hasVision || architecture == "qwen3vl"
                ? unknown("Qwen3-VL") : .qwen3(width: width)
        }
        return switch count {
        case 128_000..<129_000: unknown("Llama 3")
        case 131_072: unknown("Mistral 3")
        default: unknown("a language model like Llama")
        }
    }

    /// The shape of the first of some tensors that there is.
    private func shape(_ names: String...) -> Shape? {
        names.lazy.compactMap { source.info(prefix + $0)?.shape }.first
    }

    /// The shape of a tensor of a language model's first layer, by transformers' name and llama.cpp's.
    private func layer(_ name: String, _ other: String?) -> Shape? {
        let names = ["model.layers.0." + name, "layers.0." + name] + (other.map { ["blk.0." + $0] } ?? [])
        return names.lazy.compactMap { source.info(prefix + $0)?.shape }.first
    }

    /// Rows and columns of an embedding.
    private func extents(_ shape: Shape?) -> (Int, Int) {
        guard let shape, shape.rank == 2 else { return (0, 0) }
        return (shape[0], shape[1])
    }

    /// Whether an encoder of pictures is beside the language model.
    private var hasVision: Bool {
        let inner = "language_model."
        let outer = prefix.hasSuffix(inner) ? String(prefix.dropLast(inner.count)) : prefix
        return source.keys.contains {
            $0.hasPrefix(outer + "visual.") || $0.hasPrefix(outer + "model.visual.")
        }
    }

    private func mentions(_ text: String) -> Bool { source.keys.contains { $0.contains(text) } }
}
