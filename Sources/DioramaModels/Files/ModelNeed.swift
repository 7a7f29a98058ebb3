import DioramaJSON
import FoundationEssentials

/// What a model needs beside its own file, as ComfyUI's users name it.
public struct ModelNeed: Sendable, Hashable {
    /// What it is: `text encoder CLIP-L`, `autoencoder of FLUX.1, 16 channels`.
    public let what: String
    /// The usual name of its file, or files; nil where there is none.
    public let file: String?
    /// The models folder it lies in; nil where it lies beside the model.
    public let folder: String?
    /// The node that loads it, with its type: `CLIPLoader, type chroma`; nil where no node does.
    public let loader: String?

    private enum Content: Hashable { case encoder(TextEncoderKind), autoencoder, other }
    private let content: Content

    private init(encoder kind: TextEncoderKind, _ file: String, _ loader: String) {
        content = .encoder(kind)
        (what, self.file, folder, self.loader) = ("text encoder \(kind)", file, "text_encoders", loader)
    }

    private init(autoencoder what: String, _ file: String?) {
        content = .autoencoder
        (self.what, self.file, folder, loader) = ("autoencoder of \(what)", file, "vae", "VAELoader")
    }

    private init(_ what: String, files: String?, folder: String? = nil, loader: String? = nil) {
        (content, self.what, file, self.folder, self.loader) = (.other, what, files, folder, loader)
    }

    /// The text encoder that it is; nil for others.
    var encoder: TextEncoderKind? { if case .encoder(let kind) = content { kind } else { nil } }

    /// Whether a checkpoint has it itself.
    func isMet(by held: ModelFileContents.Held) -> Bool {
        switch content {
        case .encoder(let kind): held.encoders.contains(kind)
        case .autoencoder: held.hasAutoencoder
        case .other: false
        }
    }

    /// The diffusion model that a ControlNet steers.
    static func model(ofFamily family: String, width: Int) -> ModelNeed {
        ModelNeed("diffusion model \(family), \(width) wide", files: nil)
    }

    /// The vision model whose states a style model takes.
    static func visionModel(width: Int) -> ModelNeed {
        ModelNeed(
            "vision model, \(width) wide",
            files: width == 1152 ? "sigclip_vision_patch14_384.safetensors" : nil, folder: "clip_vision",
            loader: "CLIPVisionLoader")
    }

    /// The files of a text encoder's tokenizer, and where they go; nil for encoders that are not known.
    ///
    /// - Parameters:
    ///   - kind: the encoder.
    ///   - place: the path of its file.
    /// - Returns: the need.
    static func tokenizer(of kind: TextEncoderKind, besides place: String) -> ModelNeed? {
        let (what, folder, files): (String, String?, String)
        switch kind {
        case .clipL, .clipG, .clipH:
            (what, folder, files) = ("CLIP", "clip", "tokenizer.json, or vocab.json and merges.txt")
        case .t5: (what, folder, files) = ("T5", "t5", "tokenizer.json or spiece.model")
        case .umt5: (what, folder, files) = ("UMT5", nil, "tokenizer.json or spiece.model")
        case .qwen3:
            (what, folder, files) = ("Qwen3", "qwen3", "tokenizer.json, or vocab.json and merges.txt")
        case .unknown: return nil
        }
        let beside = TokenizerPlaces.name(besides: URL(fileURLWithPath: place))
        return ModelNeed(
            "tokenizer of \(what)", files: folder == nil ? files : "\(files), or beside the file \(beside)",
            folder: folder.map { "tokenizers/\($0)" })
    }

    /// What a diffusion model of a family needs; `config` is as diffusers would have written it.
    static func all(ofFamily family: String, config: JSON.Object) -> [ModelNeed] {
        let clipL = "clip_l.safetensors"
        let t5 = "t5xxl_fp16.safetensors"
        let flux = ModelNeed(autoencoder: "FLUX.1, 16 channels", "ae.safetensors")
        switch family {
        case "FLUX.1":
            let loader = "DualCLIPLoader, type flux"
            return [
                ModelNeed(encoder: .clipL, clipL, loader), ModelNeed(encoder: .t5XXL, t5, loader), flux,
            ]
        case "FLUX.2":
            return [flux2Encoder(config["joint_attention_dim"]?.integer ?? 0)]
                + [ModelNeed(autoencoder: "FLUX.2, 128 channels", "flux2-vae.safetensors")]
        case "Chroma": return [ModelNeed(encoder: .t5XXL, t5, "CLIPLoader, type chroma"), flux]
        case "Z-Image":
            return [
                ModelNeed(encoder: .qwen3(width: 2560), "qwen_3_4b.safetensors", "CLIPLoader, type lumina2"),
                flux,
            ]
        case "Stable Diffusion 3":
            let loader = "TripleCLIPLoader"
            return [
                ModelNeed(encoder: .clipL, clipL, loader),
                ModelNeed(encoder: .clipG, "clip_g.safetensors", loader),
                ModelNeed(encoder: .t5XXL, t5, loader),
                ModelNeed(autoencoder: "Stable Diffusion 3, 16 channels", nil),
            ]
        case "PixArt-Sigma":
            return [
                ModelNeed(encoder: .t5XXL, t5, "CLIPLoader, type pixart"),
                ModelNeed(autoencoder: "Stable Diffusion XL, 4 channels", "sdxl_vae.safetensors"),
            ]
        case "Lotus":
            return [
                ModelNeed(
                    autoencoder: "Stable Diffusion 1 and 2, 4 channels",
                    "vae-ft-mse-840000-ema-pruned.safetensors")
            ]
        default: return []
        }
    }

    /// FLUX.2 reads three layers of its encoder's states, one beside another.
    private static func flux2Encoder(_ width: Int) -> ModelNeed {
        let loader = "CLIPLoader, type flux2"
        return switch width {
        case 7680: ModelNeed(encoder: .qwen3(width: 2560), "qwen_3_4b.safetensors", loader)
        case 12_288: ModelNeed(encoder: .qwen3(width: 4096), "qwen_3_8b.safetensors", loader)
        case 15_360: ModelNeed("text encoder Mistral Small 3 (not supported)", files: nil)
        default: ModelNeed("text encoder whose states are \(width / 3) wide", files: nil)
        }
    }
}
