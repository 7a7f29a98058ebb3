import DioramaWeights

/// Other names of T5's tensors: those of llama.cpp's files (its architectures `t5` and `t5encoder`), and the second one of the embedding.
enum T5Names {
    @Sendable static func aliases(_ name: String) -> [TensorNames.Alias] {
        if let others = outer[name] { return others.map { ($0, nil) } }
        let parts = name.split(separator: ".", maxSplits: 3)
        guard parts.count == 4, parts[0] == "encoder", parts[1] == "block",
            let inner = block[String(parts[3])]
        else { return [] }
        return [("enc.blk.\(parts[2]).\(inner)", nil)]
    }

    private static let outer = [
        "shared": ["token_embd", "encoder.embed_tokens"], "encoder.final_layer_norm": ["enc.output_norm"],
        "decoder": ["dec"], "lm_head": ["output"],
    ]

    private static let block = [
        "layer.0.layer_norm": "attn_norm",
        "layer.0.SelfAttention.q": "attn_q",
        "layer.0.SelfAttention.k": "attn_k",
        "layer.0.SelfAttention.v": "attn_v",
        "layer.0.SelfAttention.o": "attn_o",
        "layer.0.SelfAttention.relative_attention_bias": "attn_rel_b",
        "layer.1.layer_norm": "ffn_norm",
        "layer.1.DenseReluDense.wi_0": "ffn_gate",
        "layer.1.DenseReluDense.wi_1": "ffn_up",
        "layer.1.DenseReluDense.wo": "ffn_down",
    ]
}
