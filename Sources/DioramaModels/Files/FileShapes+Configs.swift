import DioramaJSON
import DioramaWeights

/// The configurations that diffusers would have written beside weights, read off their shapes.
///
/// What no shape tells is as in all published files of the family: how a head's elements are shared out among the axes of positions.
extension FileShapes {
    func fluxConfig() throws -> ModelConfig {
        let input = try shape("img_in.weight", "x_embedder.weight", rank: 2)
        let output = try shape("final_layer.linear.weight", "proj_out.weight", rank: 2)
        let head = try headWidth()
        return try config([
            ("in_channels", .integer(input[1])), ("out_channels", .integer(output[0])),
            ("num_layers", .integer(blocks("double_blocks", "transformer_blocks"))),
            ("num_single_layers", .integer(blocks("single_blocks", "single_transformer_blocks"))),
            ("num_attention_heads", .integer(input[0] / head)), ("attention_head_dim", .integer(head)),
            (
                "joint_attention_dim",
                .integer(try shape("txt_in.weight", "context_embedder.weight", rank: 2)[1])
            ),
            (
                "pooled_projection_dim",
                .integer(
                    try shape(
                        "vector_in.in_layer.weight", "time_text_embed.text_embedder.linear_1.weight", rank: 2)[
                            1])
            ),
            (
                "guidance_embeds",
                .bool(hasFolder("guidance_in.") || hasFolder("time_text_embed.guidance_embedder."))
            ),
            ("axes_dims_rope", fluxAxes(head)),
        ])
    }

    func chromaConfig() throws -> ModelConfig {
        let input = try shape("img_in.weight", "x_embedder.weight", rank: 2)
        let guide = try shape("distilled_guidance_layer.in_proj.weight", rank: 2)
        let head = try headWidth()
        return try config([
            ("in_channels", .integer(input[1])),
            ("num_layers", .integer(blocks("double_blocks", "transformer_blocks"))),
            ("num_single_layers", .integer(blocks("single_blocks", "single_transformer_blocks"))),
            ("num_attention_heads", .integer(input[0] / head)), ("attention_head_dim", .integer(head)),
            (
                "joint_attention_dim",
                .integer(try shape("txt_in.weight", "context_embedder.weight", rank: 2)[1])
            ),
            ("axes_dims_rope", fluxAxes(head)),
            ("approximator_num_channels", .integer(guide[1])),
            ("approximator_hidden_dim", .integer(guide[0])),
            ("approximator_layers", .integer(blocks("distilled_guidance_layer.layers"))),
        ])
    }

    func flux2Config() throws -> ModelConfig {
        let input = try shape("img_in.weight", "x_embedder.weight", rank: 2)
        let head = try headWidth()
        let inner = try shape(
            "double_blocks.0.img_mlp.2.weight", "transformer_blocks.0.ff.linear_out.weight", rank: 2)
        let time = try shape(
            "time_in.in_layer.weight", "time_guidance_embed.timestep_embedder.linear_1.weight", rank: 2)
        return try config([
            ("in_channels", .integer(input[1])),
            ("num_layers", .integer(blocks("double_blocks", "transformer_blocks"))),
            ("num_single_layers", .integer(blocks("single_blocks", "single_transformer_blocks"))),
            ("num_attention_heads", .integer(input[0] / head)), ("attention_head_dim", .integer(head)),
            (
                "joint_attention_dim",
                .integer(try shape("txt_in.weight", "context_embedder.weight", rank: 2)[1])
            ),
            ("timestep_guidance_channels", .integer(time[1])),
            ("mlp_ratio", .integer(inner[1] / inner[0])),
            ("axes_dims_rope", .integers(Array(repeating: head / 4, count: 4))),
            (
                "guidance_embeds",
                .bool(hasFolder("guidance_in.") || hasFolder("time_guidance_embed.guidance_embedder."))
            ),
        ])
    }

    func zImageConfig() throws -> ModelConfig {
        let input = try shape("x_embedder.weight", "all_x_embedder.2-1.weight", rank: 2)
        let head = try shape(
            "layers.0.attention.q_norm.weight", "layers.0.attention.norm_q.weight", rank: 1)[0]
        return try config([
            ("in_channels", .integer(input[1] / 4)), ("dim", .integer(input[0])),
            ("n_layers", .integer(blocks("layers"))), ("n_refiner_layers", .integer(blocks("noise_refiner"))),
            ("n_heads", .integer(input[0] / head)), ("n_kv_heads", .integer(input[0] / head)),
            ("cap_feat_dim", .integer(try shape("cap_embedder.1.weight", rank: 2)[1])),
            ("axes_dims", .integers([head / 4, 3 * head / 8, 3 * head / 8])),
        ])
    }

    /// That of a ControlNet of Z-Image: its channels are all that it looks at.
    func zImageControlNetConfig() throws -> ModelConfig {
        let input = try shape("control_all_x_embedder.2-1.weight", rank: 2)
        let head = try shape(
            "control_layers.0.attention.norm_q.weight", "control_layers.0.attention.q_norm.weight", rank: 1)[
                0]
        return try config([
            ("in_channels", .integer(input[1] / 4)), ("dim", .integer(input[0])),
            ("n_layers", .integer(blocks("control_layers"))),
            ("n_refiner_layers", .integer(blocks("control_noise_refiner"))),
            ("n_heads", .integer(input[0] / head)), ("n_kv_heads", .integer(input[0] / head)),
            ("axes_dims", .integers([head / 4, 3 * head / 8, 3 * head / 8])),
            ("refiner_control", .bool(contains("control_noise_refiner.0.after_proj.weight"))),
        ])
    }

    func sd3Config() throws -> ModelConfig {
        let patches = try shape("x_embedder.proj.weight", "pos_embed.proj.weight", rank: 4)
        let count = blocks("joint_blocks", "transformer_blocks")
        let norms = ["joint_blocks.0.x_block.attn.ln_q.weight", "transformer_blocks.0.attn.norm_q.weight"]
        let hasNorms =
            !blocks("joint_blocks", with: "x_block.attn.ln_q.").isEmpty
            || !blocks("transformer_blocks", with: "attn.norm_q.").isEmpty
        let head = hasNorms ? try shape(norms[0], norms[1], rank: 1)[0] : 64
        let dual = blocks("joint_blocks", with: "x_block.attn2.")
            .union(blocks("transformer_blocks", with: "attn2."))
        let table = contains("pos_embed", "pos_embed.pos_embed") ? try positions() : 192
        return try config(
            [
                ("in_channels", .integer(patches[1])), ("patch_size", .integer(patches[2])),
                ("num_layers", .integer(count)), ("num_attention_heads", .integer(patches[0] / head)),
                ("attention_head_dim", .integer(head)),
                ("joint_attention_dim", .integer(try shape("context_embedder.weight", rank: 2)[1])),
                ("caption_projection_dim", .integer(patches[0])),
                (
                    "pooled_projection_dim",
                    .integer(
                        try shape(
                            "y_embedder.mlp.0.weight", "time_text_embed.text_embedder.linear_1.weight",
                            rank: 2)[1])
                ),
                ("pos_embed_max_size", .integer(table)),
                ("dual_attention_layers", .integers(dual.filter { 0..<count ~= $0 }.sorted())),
            ] + (hasNorms ? [("qk_norm", .string("rms_norm"))] : []))
    }

    /// That of a ControlNet of Stable Diffusion 3.
    func sd3ControlNetConfig() throws -> ModelConfig {
        let patches = try shape("pos_embed_input.proj.weight", rank: 4)
        let hasText = contains("context_embedder.weight")
        let norm = "transformer_blocks.0.attn.norm_q.weight"
        let hasNorms = contains(norm)
        let head = hasNorms ? try shape(norm, rank: 1)[0] : 64
        let count = blocks("transformer_blocks")
        let dual = (0..<count).filter { hasFolder("transformer_blocks.\($0).attn2.") }
        let channels = hasText ? try shape("pos_embed.proj.weight", rank: 4)[1] : patches[1]
        return try config(
            [
                ("in_channels", .integer(channels)), ("patch_size", .integer(patches[2])),
                ("extra_conditioning_channels", .integer(patches[1] - channels)),
                ("num_layers", .integer(count)), ("num_attention_heads", .integer(patches[0] / head)),
                ("attention_head_dim", .integer(head)), ("caption_projection_dim", .integer(patches[0])),
                (
                    "pooled_projection_dim",
                    .integer(
                        try shape(
                            "time_text_embed.text_embedder.linear_1.weight", "y_embedder.mlp.0.weight",
                            rank: 2)[1])
                ),
                ("dual_attention_layers", .integers(dual)),
            ] + (hasNorms ? [("qk_norm", .string("rms_norm"))] : [])
                + (hasText
                    ? [
                        ("joint_attention_dim", .integer(try shape("context_embedder.weight", rank: 2)[1])),
                        ("pos_embed_max_size", .integer(try positions())),
                    ] : []))
    }

    func pixArtConfig() throws -> ModelConfig {
        guard !hasFolder("csize_embedder."), !hasFolder("adaln_single.emb.resolution_embedder.") else {
            throw WeightsError(
                source.place, "is PixArt-alpha, which is told sizes and is not supported; PixArt-Sigma is")
        }
        let patches = try shape("x_embedder.proj.weight", "pos_embed.proj.weight", rank: 4)
        let output = try shape("final_layer.linear.weight", "proj_out.weight", rank: 2)
        let head = 72
        let heads = patches[0].isMultiple(of: head) ? patches[0] / head : 16
        return try config([
            ("in_channels", .integer(patches[1])), ("patch_size", .integer(patches[2])),
            ("out_channels", .integer(output[0] / patches[2] / patches[2])),
            ("num_layers", .integer(blocks("blocks", "transformer_blocks"))),
            ("num_attention_heads", .integer(heads)), ("attention_head_dim", .integer(patches[0] / heads)),
            ("cross_attention_dim", .integer(patches[0])),
            (
                "caption_channels",
                .integer(
                    try shape("y_embedder.y_proj.fc1.weight", "caption_projection.linear_1.weight", rank: 2)[
                        1])
            ),
            ("sample_size", .integer(128)), ("use_additional_conditions", .bool(false)),
        ])
    }

    /// The width of a head in Flux's families, which norms each.
    private func headWidth() throws -> Int {
        try shape(
            "double_blocks.0.img_attn.norm.query_norm.scale", "transformer_blocks.0.attn.norm_q.weight",
            "single_blocks.0.norm.query_norm.scale", "single_transformer_blocks.0.attn.norm_q.weight", rank: 1
        )[0]
    }

    /// An eighth of a head's elements tells the frame, the rest rows and columns.
    private func fluxAxes(_ head: Int) -> JSON { .integers([head / 8, 7 * head / 16, 7 * head / 16]) }

    /// The side of the stored table of positions, [1, side², D] or [side², D].
    private func positions() throws -> Int {
        let dims =
            ["pos_embed", "pos_embed.pos_embed"].lazy
            .compactMap { source.info(prefix + $0)?.shape.dims.filter { $0 != 1 } }.first ?? []
        let count = dims.first ?? 0
        let side = Int(Double(count).squareRoot().rounded())
        guard dims.count == 2, side * side == count else {
            throw WeightsError(
                source.place, "the table of positions has \(count) rows, expected a square number")
        }
        return side
    }
}
