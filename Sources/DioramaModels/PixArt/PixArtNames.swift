import DioramaWeights

/// The names of PixArt's layers in files of the original implementation, and in adapters.
enum PixArtNames {
    static func tensors(prefix: String = "") -> TensorNames { TensorNames(prefix: prefix, aliases: aliases) }

    static let adapters = FluxNames.adapters(aliases)

    @Sendable private static func aliases(_ name: String) -> [AdapterNames.Alias] {
        if let original = outer[name] { return [original] }
        let parts = name.split(separator: ".", maxSplits: 2)
        guard parts.count == 3, parts[0] == "transformer_blocks", let inner = block[String(parts[2])] else {
            return []
        }
        return [("blocks.\(parts[1]).\(inner.name)", inner.rows)]
    }

    private static let outer: [String: AdapterNames.Alias] = [
        "pos_embed.proj": ("x_embedder.proj", nil),
        "adaln_single.emb.timestep_embedder.linear_1": ("t_embedder.mlp.0", nil),
        "adaln_single.emb.timestep_embedder.linear_2": ("t_embedder.mlp.2", nil),
        "adaln_single.linear": ("t_block.1", nil),
        "caption_projection.linear_1": ("y_embedder.y_proj.fc1", nil),
        "caption_projection.linear_2": ("y_embedder.y_proj.fc2", nil),
        "proj_out": ("final_layer.linear", nil),
        "scale_shift_table": ("final_layer.scale_shift_table", nil),
    ]

    private static let block: [String: AdapterNames.Alias] = [
        "scale_shift_table": ("scale_shift_table", nil),
        "attn1.to_q": ("attn.qkv", RowSelection([0], of: 3)),
        "attn1.to_k": ("attn.qkv", RowSelection([1], of: 3)),
        "attn1.to_v": ("attn.qkv", RowSelection([2], of: 3)),
        "attn1.to_out.0": ("attn.proj", nil),
        "attn2.to_q": ("cross_attn.q_linear", nil),
        "attn2.to_k": ("cross_attn.kv_linear", RowSelection([0], of: 2)),
        "attn2.to_v": ("cross_attn.kv_linear", RowSelection([1], of: 2)),
        "attn2.to_out.0": ("cross_attn.proj", nil),
        "ff.net.0.proj": ("mlp.fc1", nil),
        "ff.net.2": ("mlp.fc2", nil),
    ]
}
