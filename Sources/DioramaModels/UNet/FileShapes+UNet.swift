import DioramaJSON
import DioramaWeights

extension FileShapes {
    /// Whether the keys are those of Lotus for depth or normals: a U-Net of Stable Diffusion 2 that is told its task by four numbers and
    /// is shown one latent.
    var isLotus: Bool {
        guard
            let task = try? shape("label_emb.0.0.weight", "class_embedding.linear_1.weight", rank: 2),
            let input = try? shape("input_blocks.0.0.weight", "conv_in.weight", rank: 4)
        else { return false }
        return task[1] == 4 && input[1] == 4
    }

    /// The configuration of a U-Net of Stable Diffusion 1 or 2.
    ///
    /// What no shape tells is as in all published files: 32 groups, 8 heads where the text is 768 wide, else heads of 64.
    func unetConfig() throws -> ModelConfig {
        let layers =
            (1...max(blocks("input_blocks"), 1)).first { contains("input_blocks.\($0).0.op.weight") }.map {
                $0 - 1
            } ?? blocks("down_blocks.0.resnets")
        let levels = max(blocks("input_blocks") / (layers + 1), blocks("down_blocks"))
        func folder(_ level: Int) -> (original: String, diffusers: String) {
            ("input_blocks.\(level * (layers + 1) + 1)", "down_blocks.\(level)")
        }
        let channels = try (0..<levels).map { level in
            let folder = folder(level)
            return try shape(
                "\(folder.original).0.out_layers.3.weight", "\(folder.diffusers).resnets.0.conv2.weight",
                rank: 4)[0]
        }
        let attends = (0..<levels).map { level in
            let folder = folder(level)
            return hasFolder("\(folder.original).1.transformer_blocks.")
                || hasFolder("\(folder.diffusers).attentions.")
        }
        let context = try shape(
            "middle_block.1.transformer_blocks.0.attn2.to_k.weight",
            "mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight", rank: 2)[1]
        let task = try? shape("label_emb.0.0.weight", "class_embedding.linear_1.weight", rank: 2)
        func types(_ attending: String, _ plain: String, _ levels: [Bool]) -> JSON {
            .array(levels.map { .string($0 ? attending : plain) })
        }
        return try config(
            [
                ("in_channels", .integer(try shape("input_blocks.0.0.weight", "conv_in.weight", rank: 4)[1])),
                ("out_channels", .integer(try shape("out.2.weight", "conv_out.weight", rank: 4)[0])),
                ("block_out_channels", .integers(channels)), ("layers_per_block", .integer(layers)),
                ("down_block_types", types("CrossAttnDownBlock2D", "DownBlock2D", attends)),
                ("up_block_types", types("CrossAttnUpBlock2D", "UpBlock2D", attends.reversed())),
                ("cross_attention_dim", .integer(context)), ("norm_num_groups", .integer(32)),
                (
                    "attention_head_dim",
                    .integers(channels.map { context == 768 ? 8 : max($0 / 64, 1) })
                ),
            ]
                + (task.map {
                    [
                        ("class_embed_type", .string("projection")),
                        ("projection_class_embeddings_input_dim", .integer($0[1])),
                    ]
                } ?? []))
    }
}
