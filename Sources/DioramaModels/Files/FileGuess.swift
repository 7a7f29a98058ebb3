import DioramaWeights

/// What a file with weights seems to be, where it is not what was wanted.
enum FileGuess {
    /// A part of keys by which a file is known, and what it is then.
    private typealias Mark = (mark: String, name: String)

    /// The first that fits counts.
    private static let adapters: [Mark] = [
        ("lora_A.", "an adapter (LoRA): load it with Load LoRA, beside a model"),
        ("lora_down.", "an adapter (LoRA): load it with Load LoRA, beside a model"),
        (".hada_w1", "an adapter (LoHa): load it with Load LoRA, beside a model"),
        (".lokr_w", "an adapter (LoKr): load it with Load LoRA, beside a model"),
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
        ("encoder.block.0.layer.0.SelfAttention.", "a T5 text encoder: load it with Load CLIP"),
        ("enc.blk.0.", "a T5 text encoder: load it with Load CLIP"),
        ("text_model.encoder.layers.0.", "a CLIP text encoder: load it with Load CLIP"),
        ("transformer.resblocks.0.", "a CLIP text encoder: load it with Load CLIP"),
        ("layers.0.self_attn.q_proj.", "a language model (text encoder): load it with Load CLIP"),
        ("blk.0.attn_q.", "a language model (text encoder): load it with Load CLIP"),
        ("decoder.up_blocks.", "an autoencoder: load it with Load VAE"),
        ("decoder.up.0.", "an autoencoder: load it with Load VAE"),
        ("decoder.upsamples.", "the autoencoder of Wan or Qwen-Image"),
        ("taesd_decoder.", "a tiny autoencoder (TAESD): load it with Load VAE"),
        ("decoder.layers.", "a tiny autoencoder (TAESD): load it with Load VAE"),
        ("joint_blocks.", "Stable Diffusion 3: load it with Load Diffusion Model"),
        ("double_blocks.", "a model of Flux's kind: load it with Load Diffusion Model"),
        ("transformer_blocks.", "a diffusion transformer: load it with Load Diffusion Model"),
        ("context_refiner.", "Z-Image or Lumina: load it with Load Diffusion Model"),
    ]

    /// What the file seems to be; nil where nothing of it is known.
    static func name(_ source: any TensorSource) -> String? {
        if let adapter = first(of: adapters, in: source) { return adapter }
        if let steered = ControlNetFile.steered(by: source) {
            return ControlNetFile.description(steering: steered)
        }
        if let family = DiffusionFile.family(of: source) {
            return "\(family): load it with Load Diffusion Model"
        }
        if let upscaler = UpscaleModelFile(recognised: source) {
            return "an upscale model (\(upscaler.name)): load it with Load Upscale Model"
        }
        let name = first(of: others, in: source)
        guard name?.hasSuffix(encoderAdvice) ?? true, let kind = FoundTextEncoder.all(in: source).first?.kind
        else { return name }
        return "\(name?.dropLast(encoderAdvice.count) ?? "a text encoder"), \(kind)\(encoderAdvice)"
    }

    private static func first(of marks: [Mark], in source: any TensorSource) -> String? {
        marks.first { mark, _ in source.keys.contains { $0.contains(mark) } }?.name
    }

    private static let encoderAdvice = ": load it with Load CLIP"

    /// A clause that says what the file seems to be, or shows one of its keys.
    static func sentence(_ source: any TensorSource) -> String {
        if let name = name(source) { return "; it looks like \(name)" }
        return source.keys.first.map { "; its first tensor is \($0)" } ?? "; it has no tensors"
    }
}
