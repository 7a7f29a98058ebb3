import DioramaWeights

/// The names of CLIP's tensors in files of OpenCLIP and of the original implementation.
enum CLIPNames {
    /// Of these names the matrix is the transpose of the model's.
    static let transposed: Set = ["text_projection"]

    @Sendable static func aliases(_ name: String) -> [TensorNames.Alias] {
        let prefix = "text_model."
        let bare = name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
        if let other = outer[bare] { return [(other, nil)] }
        let parts = bare.split(separator: ".", maxSplits: 3)
        guard parts.count == 4, parts[0] == "encoder", parts[1] == "layers",
            let inner = layer[String(parts[3])]
        else { return [] }
        return [("transformer.resblocks.\(parts[2]).\(inner.name)", inner.rows)]
    }

    private static let outer = [
        "embeddings.token_embedding": "token_embedding",
        "embeddings.position_embedding.weight": "positional_embedding",
        "final_layer_norm": "ln_final",
        "text_projection.weight": "text_projection",
    ]

    private static func third(_ index: Int) -> RowSelection { RowSelection([index], of: 3) }

    private static let layer: [String: TensorNames.Alias] = [
        "layer_norm1": ("ln_1", nil),
        "layer_norm2": ("ln_2", nil),
        "mlp.fc1": ("mlp.c_fc", nil),
        "mlp.fc2": ("mlp.c_proj", nil),
        "self_attn.q_proj.weight": ("attn.in_proj_weight", third(0)),
        "self_attn.k_proj.weight": ("attn.in_proj_weight", third(1)),
        "self_attn.v_proj.weight": ("attn.in_proj_weight", third(2)),
        "self_attn.q_proj.bias": ("attn.in_proj_bias", third(0)),
        "self_attn.k_proj.bias": ("attn.in_proj_bias", third(1)),
        "self_attn.v_proj.bias": ("attn.in_proj_bias", third(2)),
        "self_attn.out_proj": ("attn.out_proj", nil),
    ]
}
