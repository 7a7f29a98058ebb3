import DioramaWeights

/// The names of Stable Diffusion 3's layers in files of the original implementation, whose queries, keys and values are one layer.
enum SD3Names {
    typealias Alias = AdapterNames.Alias

    /// Other names of a layer or tensor of a transformer with so many blocks.
    static func aliases(layers: Int) -> @Sendable (String) -> [Alias] {
        let last = "transformer_blocks.\(layers - 1).norm1_context.linear"
        return { name in
            if let original = outerLayers[name] { return [original] }
            let parts = name.split(separator: ".", maxSplits: 2)
            guard parts.count == 3, parts[0] == "transformer_blocks",
                let inner = blockLayers[String(parts[2])]
            else { return [] }
            // The last block's is a final norm's, and has its halves the other way round.
            return [("joint_blocks.\(parts[1]).\(inner.name)", name == last ? swappedHalves : inner.rows)]
        }
    }

    /// Other names of a layer of a ControlNet for image tokens alone, as Stability's files and ComfyUI have them.
    static func controlAliases(_ name: String) -> [Alias] {
        if let original = outerLayers[name] { return [original] }
        let parts = name.split(separator: ".", maxSplits: 2)
        guard parts.count == 3, parts[0] == "transformer_blocks",
            let inner = blockLayers[String(parts[2])], inner.name.hasPrefix("x_block.")
        else { return [] }
        return [("transformer_blocks.\(parts[1]).\(inner.name.dropFirst("x_block.".count))", inner.rows)]
    }

    /// The transformer's layers in files of PEFT and diffusers, kohya, OneTrainer, LyCORIS and ComfyUI: by the names of diffusers, which are
    /// this model's own, and by those of the original implementation.
    static func adapters(layers: Int) -> AdapterNames { FluxNames.adapters(aliases(layers: layers)) }

    /// The original has shift before scale in its final norms, diffusers scale before shift.
    private static let swappedHalves = RowSelection([1, 0], of: 2)

    private static func third(_ index: Int) -> RowSelection { RowSelection([index], of: 3) }

    /// The original names of layers outside of blocks.
    private static let outerLayers: [String: Alias] = [
        "time_text_embed.timestep_embedder.linear_1": ("t_embedder.mlp.0", nil),
        "time_text_embed.timestep_embedder.linear_2": ("t_embedder.mlp.2", nil),
        "time_text_embed.text_embedder.linear_1": ("y_embedder.mlp.0", nil),
        "time_text_embed.text_embedder.linear_2": ("y_embedder.mlp.2", nil),
        "pos_embed.proj": ("x_embedder.proj", nil),
        "pos_embed.pos_embed": ("pos_embed", nil),
        "norm_out.linear": ("final_layer.adaLN_modulation.1", swappedHalves),
        "proj_out": ("final_layer.linear", nil),
    ]

    /// The original names of a block's layers.
    private static let blockLayers: [String: Alias] = [
        "norm1.linear": ("x_block.adaLN_modulation.1", nil),
        "norm1_context.linear": ("context_block.adaLN_modulation.1", nil),
        "attn.to_q": ("x_block.attn.qkv", third(0)),
        "attn.to_k": ("x_block.attn.qkv", third(1)),
        "attn.to_v": ("x_block.attn.qkv", third(2)),
        "attn.add_q_proj": ("context_block.attn.qkv", third(0)),
        "attn.add_k_proj": ("context_block.attn.qkv", third(1)),
        "attn.add_v_proj": ("context_block.attn.qkv", third(2)),
        "attn2.to_q": ("x_block.attn2.qkv", third(0)),
        "attn2.to_k": ("x_block.attn2.qkv", third(1)),
        "attn2.to_v": ("x_block.attn2.qkv", third(2)),
        "attn.to_out.0": ("x_block.attn.proj", nil),
        "attn.to_add_out": ("context_block.attn.proj", nil),
        "attn2.to_out.0": ("x_block.attn2.proj", nil),
        "attn.norm_q": ("x_block.attn.ln_q", nil),
        "attn.norm_k": ("x_block.attn.ln_k", nil),
        "attn.norm_added_q": ("context_block.attn.ln_q", nil),
        "attn.norm_added_k": ("context_block.attn.ln_k", nil),
        "attn2.norm_q": ("x_block.attn2.ln_q", nil),
        "attn2.norm_k": ("x_block.attn2.ln_k", nil),
        "ff.net.0.proj": ("x_block.mlp.fc1", nil),
        "ff.net.2": ("x_block.mlp.fc2", nil),
        "ff_context.net.0.proj": ("context_block.mlp.fc1", nil),
        "ff_context.net.2": ("context_block.mlp.fc2", nil),
    ]
}
