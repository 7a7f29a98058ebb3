import DioramaWeights

/// The names of Qwen3's tensors in files of llama.cpp (its architecture `qwen3`).
enum Qwen3Names {
    @Sendable static func aliases(_ name: String) -> [TensorNames.Alias] {
        let prefix = "model."
        let bare = name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
        if let other = outer[bare] { return [(other, nil)] }
        let parts = bare.split(separator: ".", maxSplits: 2)
        guard parts.count >= 2, parts[0] == "layers" else { return [] }
        if parts.count == 2 { return [("blk.\(parts[1])", nil)] }
        return layer[String(parts[2])].map { [("blk.\(parts[1]).\($0)", nil)] } ?? []
    }

    private static let outer = ["embed_tokens": "token_embd", "norm": "output_norm", "lm_head": "output"]

    private static let layer = [
        "input_layernorm": "attn_norm",
        "self_attn.q_proj": "attn_q",
        "self_attn.k_proj": "attn_k",
        "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output",
        "self_attn.q_norm": "attn_q_norm",
        "self_attn.k_norm": "attn_k_norm",
        "post_attention_layernorm": "ffn_norm",
        "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down",
    ]
}
