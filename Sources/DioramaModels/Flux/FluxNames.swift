import DioramaWeights

/// The names of Flux's layers in files of the original implementation (and ComfyUI's and GGUF files, which have the same), and in
/// diffusers' where they differ from the model's own.
enum FluxNames {
    typealias Alias = AdapterNames.Alias

    /// The original has shift before scale in its final norm, diffusers scale before shift.
    private static let swappedHalves = RowSelection([1, 0], of: 2)

    private static func third(_ index: Int) -> RowSelection { RowSelection([index], of: 3) }
    private static func half(_ index: Int) -> RowSelection { RowSelection([index], of: 2) }

    /// Other names of a layer or tensor; `shape` is that of the blocks.
    static func aliases(_ shape: StreamShape) -> @Sendable (String) -> [Alias] {
        let single = singleBlock(shape)
        return { name in
            if let original = outer[name] { return [original] }
            let parts = name.split(separator: ".", maxSplits: 2)
            guard parts.count == 3 else { return [] }
            let (index, inner) = (parts[1], String(parts[2]))
            switch parts[0] {
            case "transformer_blocks":
                let original = doubleBlock[inner].map { [("double_blocks.\(index).\($0.name)", $0.rows)] }
                return halves(of: inner).map { ("transformer_blocks.\(index).\($0.name)", $0.rows) }
                    + (original ?? [])
            case "single_transformer_blocks":
                return (single[inner] ?? []).map { alias in
                    let folder = alias.name.hasPrefix("attn.") ? "single_transformer_blocks" : "single_blocks"
                    return ("\(folder).\(index).\(alias.name)", alias.rows)
                }
            default: return []
            }
        }
    }

    /// Names that adapter files put before those of layers.
    static func adapters(_ aliases: @escaping @Sendable (String) -> [Alias]) -> AdapterNames {
        AdapterNames(
            prefixes: [
                "transformer.", "base_model.model.", "transformer.base_model.model.",
                "base_model.model.transformer.", "diffusion_model.", "model.diffusion_model.", "",
            ],
            flatPrefixes: ["lora_transformer_", "lora_unet_", "lycoris_"]
        ) { layer in
            // Norms have a name of their own for their one tensor, which an adapter may replace.
            (layer.hasSuffix(".to_out.0") ? [(String(layer.dropLast(2)), nil)] : []) + aliases(layer)
                + aliases(layer + ".weight")
        }
    }

    private static let outer: [String: Alias] = [
        "x_embedder": ("img_in", nil),
        "context_embedder": ("txt_in", nil),
        "time_text_embed.timestep_embedder.linear_1": ("time_in.in_layer", nil),
        "time_text_embed.timestep_embedder.linear_2": ("time_in.out_layer", nil),
        "time_text_embed.text_embedder.linear_1": ("vector_in.in_layer", nil),
        "time_text_embed.text_embedder.linear_2": ("vector_in.out_layer", nil),
        "time_text_embed.guidance_embedder.linear_1": ("guidance_in.in_layer", nil),
        "time_text_embed.guidance_embedder.linear_2": ("guidance_in.out_layer", nil),
        "time_guidance_embed.timestep_embedder.linear_1": ("time_in.in_layer", nil),
        "time_guidance_embed.timestep_embedder.linear_2": ("time_in.out_layer", nil),
        "time_guidance_embed.guidance_embedder.linear_1": ("guidance_in.in_layer", nil),
        "time_guidance_embed.guidance_embedder.linear_2": ("guidance_in.out_layer", nil),
        "double_stream_modulation_img.linear": ("double_stream_modulation_img.lin", nil),
        "double_stream_modulation_txt.linear": ("double_stream_modulation_txt.lin", nil),
        "single_stream_modulation.linear": ("single_stream_modulation.lin", nil),
        "norm_out.linear": ("final_layer.adaLN_modulation.1", swappedHalves),
        "proj_out": ("final_layer.linear", nil),
    ]

    /// Gate and up of a gated perceptron are one layer in every file.
    private static func halves(of inner: String) -> [Alias] {
        for stream in ["ff", "ff_context"] {
            if inner == stream + ".gate" { return [(stream + ".linear_in", half(0))] }
            if inner == stream + ".up" { return [(stream + ".linear_in", half(1))] }
        }
        return []
    }

    private static let doubleBlock: [String: Alias] = [
        "norm1.linear": ("img_mod.lin", nil),
        "norm1_context.linear": ("txt_mod.lin", nil),
        "attn.to_q": ("img_attn.qkv", third(0)),
        "attn.to_k": ("img_attn.qkv", third(1)),
        "attn.to_v": ("img_attn.qkv", third(2)),
        "attn.add_q_proj": ("txt_attn.qkv", third(0)),
        "attn.add_k_proj": ("txt_attn.qkv", third(1)),
        "attn.add_v_proj": ("txt_attn.qkv", third(2)),
        "attn.to_out.0": ("img_attn.proj", nil),
        "attn.to_add_out": ("txt_attn.proj", nil),
        "attn.norm_q.weight": ("img_attn.norm.query_norm.scale", nil),
        "attn.norm_k.weight": ("img_attn.norm.key_norm.scale", nil),
        "attn.norm_added_q.weight": ("txt_attn.norm.query_norm.scale", nil),
        "attn.norm_added_k.weight": ("txt_attn.norm.key_norm.scale", nil),
        "ff.net.0.proj": ("img_mlp.0", nil),
        "ff.net.2": ("img_mlp.2", nil),
        "ff_context.net.0.proj": ("txt_mlp.0", nil),
        "ff_context.net.2": ("txt_mlp.2", nil),
        "ff.gate": ("img_mlp.0", half(0)),
        "ff.up": ("img_mlp.0", half(1)),
        "ff.linear_out": ("img_mlp.2", nil),
        "ff_context.gate": ("txt_mlp.0", half(0)),
        "ff_context.up": ("txt_mlp.0", half(1)),
        "ff_context.linear_out": ("txt_mlp.2", nil),
    ]

    /// In the original, and in diffusers' Flux.2, queries, keys, values and the perceptron's first layer are one.
    private static func singleBlock(_ shape: StreamShape) -> [String: [Alias]] {
        let count = 3 + shape.ratio * (shape.isGated ? 2 : 1)
        func fused(_ parts: Range<Int>) -> [Alias] {
            let rows = RowSelection(Array(parts), of: count)
            return [("linear1", rows), ("attn.to_qkv_mlp_proj", rows)]
        }
        let gate = 3..<3 + shape.ratio
        return [
            "norm.linear": [("modulation.lin", nil)],
            "attn.to_q": fused(0..<1), "attn.to_k": fused(1..<2), "attn.to_v": fused(2..<3),
            "attn.norm_q.weight": [("norm.query_norm.scale", nil)],
            "attn.norm_k.weight": [("norm.key_norm.scale", nil)],
            "proj_gate": fused(gate), "proj_mlp": fused(shape.isGated ? gate.upperBound..<count : 3..<count),
            "proj_out": [("linear2", nil), ("attn.to_out", nil)],
        ]
    }
}
