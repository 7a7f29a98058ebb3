import DioramaWeights

/// What a file with weights seems to be, where it is not what was wanted.
///
/// A loader is advised only where it takes the file.
enum FileGuess {
    /// A part of keys by which a file is known, and what it is then.
    private typealias Mark = (mark: String, name: String)

    /// What goes beside a model, and has layers of its kind; the first that fits counts.
    private static let additions: [Mark] = [
        ("lora_A.", "an adapter (LoRA): load it with Load LoRA, beside a model"),
        ("lora_down.", "an adapter (LoRA): load it with Load LoRA, beside a model"),
        (".hada_w1", "an adapter (LoHa): load it with Load LoRA, beside a model"),
        (".lokr_w", "an adapter (LoKr): load it with Load LoRA, beside a model"),
        (
            "feature_embedder.mid_layer_norm.",
            "USO's projector of styles, which goes beside FLUX.1 and is not supported"
        ),
    ]

    /// ControlNets: copies of a model's first blocks with layers of their own.
    private static let controls = [
        "controlnet_blocks.", "controlnet_single_blocks.", "controlnet_x_embedder.", "control_all_x_embedder",
        "controlnet_cond_embedding.", "controlnet_down_blocks.", "control_layers.", "input_hint_block",
        "control_model.", "pos_embed_input.",
    ]

    /// What is no diffusion model that is known here; the first that fits counts.
    private static let others: [Mark] = [
        ("nerf_", "Chroma Radiance"), ("img_mod.1.", "Qwen-Image"), ("txtfusion.", "Krea 2"),
        ("llm_adapter.", "Anima"), ("cap_embedder.1.", "Lumina-Image 2"),
        ("individual_token_refiner.", "HunyuanVideo"), ("double_layers.0.", "AuraFlow"),
        ("caption_projection.0.linear", "HiDream-I1"), ("mlp_t5.0.", "HunyuanDiT"),
        ("cross_attn.norm_k.", "Wan or Anima"), ("adaln_single.emb.", "LTX-Video or PixArt-alpha"),
        ("input_blocks.", "a U-Net (Stable Diffusion 1, 2 or XL)"),
        ("down_blocks.0.attentions.", "a U-Net (Stable Diffusion 1, 2 or XL)"),
    ]

    /// Style models that are not known here.
    private static let styles: [Mark] = [
        ("style_embedding", "a style adapter of Stable Diffusion 1 (T2I-Adapter), which is not supported"),
        ("image_proj.", "an IP-Adapter, which is not supported"),
    ]

    /// Vision models that are not known here, and parts of them.
    private static let visions: [Mark] = [
        (".layer_scale2.lambda1", "a vision model (DINOv2), which is not supported"),
        ("vision_model.encoder.layers.", "a part of a vision model"),
        ("visual.transformer.resblocks.", "a part of a vision model"),
    ]

    /// Text encoders, and parts of them.
    private static let encoders: [Mark] = [
        ("encoder.block.0.layer.0.SelfAttention.", "a T5 text encoder"),
        ("enc.blk.0.", "a T5 text encoder"),
        ("text_model.encoder.layers.0.", "a CLIP text encoder"),
        ("transformer.resblocks.0.", "a CLIP text encoder"),
        ("layers.0.self_attn.q_proj.", "a language model (text encoder)"),
        ("blk.0.attn_q.", "a language model (text encoder)"),
    ]

    /// Autoencoders, and parts of them, that are not those known here.
    private static let autoencoders: [Mark] = [
        ("decoder.upsamples.", "the autoencoder of Wan or Qwen-Image"),
        ("decoder.up_blocks.", "an autoencoder"), ("decoder.up.0.", "an autoencoder"),
        ("taesd_decoder.", "a tiny autoencoder (TAESD)"),
    ]

    /// Parts of diffusion models, or kinds of them that are not known here.
    private static let parts: [Mark] = [
        ("joint_blocks.", "a model of the kind of Stable Diffusion 3"),
        ("double_blocks.", "a model of Flux's kind"), ("transformer_blocks.", "a diffusion transformer"),
        ("context_refiner.", "a model of the kind of Z-Image or Lumina"),
    ]

    /// Whether the file is a ControlNet, which has the marks of the model it goes beside.
    static func isControlNet(_ source: any TensorSource) -> Bool {
        ControlNetFile.steered(by: source) != nil
            || source.keys.contains { key in controls.contains { key.contains($0) } }
    }

    /// What the file seems to be; nil where nothing of it is known.
    static func name(_ source: any TensorSource) -> String? {
        if let addition = first(of: additions, in: source) { return addition }
        if let steered = ControlNetFile.steered(by: source) {
            return ControlNetFile.description(steering: steered)
        }
        if isControlNet(source) { return "a ControlNet, which goes beside a model and is none itself" }
        if let found = diffusionModel(source) ?? upscaleModel(source) ?? styleModel(source) { return found }
        if let other = first(of: others, in: source) ?? visionModel(source) { return other }
        return textEncoder(source) ?? autoencoder(source)
            ?? first(of: parts, in: source).map { "\($0), or a part of one, that is not known here" }
    }

    private static func diffusionModel(_ source: any TensorSource) -> String? {
        guard let family = DiffusionFile.family(of: source) else { return nil }
        do {
            _ = try DiffusionFile(source).config
            return "\(family): load it with Load Diffusion Model"
        } catch {
            return "\(family), whose shapes do not fit together"
        }
    }

    private static func upscaleModel(_ source: any TensorSource) -> String? {
        UpscaleModelFile(recognised: source).map {
            "an upscale model (\($0.name)): load it with Load Upscale Model"
        }
    }

    private static func styleModel(_ source: any TensorSource) -> String? {
        guard StyleModelFile(recognised: source) != nil else {
            return first(of: styles, in: source)
        }
        return "a style model (\(StyleModelFile.name)): load it with Load Style Model"
    }

    /// A file with a text encoder too is taken for that.
    private static func visionModel(_ source: any TensorSource) -> String? {
        guard FoundTextEncoder.all(in: source).isEmpty else { return nil }
        guard let file = CLIPVisionFile(recognised: source) else { return first(of: visions, in: source) }
        return "a vision model (\(file.name)): load it with Load CLIP Vision"
    }

    private static func textEncoder(_ source: any TensorSource) -> String? {
        let name = first(of: encoders, in: source)
        guard let kind = FoundTextEncoder.all(in: source).first?.kind else {
            return name.map { "a part of \($0)" }
        }
        let isTaken = TextEncoderFiles.Family.allCases.contains { $0.place(of: kind) != nil }
        return "\(name ?? "a text encoder"), \(kind)"
            + (isTaken ? ": load it with Load CLIP" : ", which no model here takes")
    }

    private static func autoencoder(_ source: any TensorSource) -> String? {
        let advice = ": load it with Load VAE"
        if TinyAutoencoderFile(source) != nil { return "a tiny autoencoder (TAESD)\(advice)" }
        if AutoencoderFile.hasConfig(source) { return "an autoencoder\(advice)" }
        guard let name = first(of: autoencoders, in: source) else { return nil }
        let isOfVideos = source.keys.contains { source.info($0)?.shape.rank == 5 }
        return name + (isOfVideos ? " of videos" : "") + ", or a part of one, that is not known here"
    }

    private static func first(of marks: [Mark], in source: any TensorSource) -> String? {
        marks.first { mark, _ in source.keys.contains { $0.contains(mark) } }?.name
    }

    /// A clause that says what the file seems to be, or shows one of its keys.
    static func sentence(_ source: any TensorSource) -> String {
        if let name = name(source) { return "; it looks like \(name)" }
        return source.keys.first.map { "; its first tensor is \($0)" } ?? "; it has no tensors"
    }
}
