import DioramaWeights

/// Which text encoder of its pipeline a CLIP is: files of adapters name both in one way but for this.
public enum CLIPPlace: Sendable {
    /// CLIP-L, or the only one.
    case first
    /// CLIP-G.
    case second
}

extension AdapterNames {
    /// A CLIP text encoder's layers in files of PEFT and diffusers, kohya, and ComfyUI.
    static func clip(_ place: CLIPPlace) -> AdapterNames {
        let (folder, comfy) = place == .first ? ("text_encoder", "clip_l") : ("text_encoder_2", "clip_g")
        return AdapterNames(
            prefixes: [
                "\(folder).", "\(folder).base_model.model.", "base_model.model.\(folder).", "\(comfy).",
                "\(comfy).transformer.", "text_encoders.\(comfy).", "text_encoders.\(comfy).transformer.",
            ],
            flatPrefixes: place == .first ? ["lora_te1_", "lora_te_"] : ["lora_te2_"]
        ) { layer in
            // Checkpoints have this prefix or leave it out, and so do adapters, each on its own.
            let prefix = "text_model."
            guard layer.hasPrefix(prefix) else { return [(prefix + layer, nil)] }
            return [(String(layer.dropFirst(prefix.count)), nil)]
        }
    }
}
