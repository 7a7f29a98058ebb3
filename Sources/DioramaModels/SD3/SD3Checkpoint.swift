import DioramaTensor
import DioramaTokenizers
import DioramaWeights

extension Checkpoint {
    /// Loads a `StableDiffusion3Pipeline` folder: transformer, two CLIPs and T5 with tokenizers, autoencoder, flow schedule.
    ///
    /// T5 may be missing.
    static func stableDiffusion3(
        _ directory: DiffusersDirectory, on device: Device, precision: Precision?
    ) throws -> Checkpoint {
        var loader = PartLoader(directory, device, precision)
        let model = try loader.load("transformer", as: "SD3Transformer2DModel", isDenoiser: true) {
            try SD3Transformer($0, SD3Config($1))
        }
        let autoencoder = try loader.load("vae", as: "AutoencoderKL") {
            try AutoencoderKL($0, AutoencoderKLConfig($1))
        }
        let first = try clip(&loader, "")
        let second = try clip(&loader, "_2")
        let t5 =
            directory.parts["text_encoder_3"] == nil
            ? nil : try loader.t5("_3", shortest: SD3PromptEncoder.shortestInFolders)
        let width = model.config.contextWidth
        let clips = [first, second].map(\.model.config)
        let clipWidth = clips.reduce(0) { $0 + $1.width }
        try loader.require(
            clipWidth <= width,
            "the text encoders give \(clipWidth) features, more than the transformer's joint_attention_dim, \(width)"
        )
        if let found = t5?.model.config.width {
            try loader.require(
                found == width,
                "text_encoder_3 is \(found) wide, but the transformer's joint_attention_dim is \(width)")
        }
        let pooledWidth = clips.reduce(0) { $0 + ($1.projection ?? $1.width) }
        try loader.require(
            pooledWidth == model.config.pooledWidth,
            "the text encoders project to \(pooledWidth) in all, but the transformer's pooled_projection_dim is \(model.config.pooledWidth)"
        )
        try loader.require(
            autoencoder.config.latentChannels == model.config.channels,
            "the vae has \(autoencoder.config.latentChannels) latent channels, but the transformer \(model.config.channels)"
        )
        let flow = try FlowMatchConfig(loader.config("scheduler", as: "FlowMatchEulerDiscreteScheduler"))
        return Checkpoint(
            model: model,
            schedule: .flow(shift: Double(flow.shift), timeScale: Double(flow.trainTimesteps)),
            textEncoder: SD3PromptEncoder(
                clipL: first, clipG: second, t5: t5, .folder(width: width), on: device),
            autoencoder: autoencoder, notes: loader.notes)
    }

    private static func clip(_ loader: inout PartLoader, _ suffix: String) throws -> CLIPStage {
        let tokenizer = try loader.directory.part("tokenizer" + suffix)
        return CLIPStage(
            tokenizer: try CLIPTokenizer(directory: tokenizer.url),
            model: try loader.load("text_encoder" + suffix, as: "CLIPTextModelWithProjection") {
                try CLIPTextModel($0, CLIPTextConfig($1))
            }, padID: nil)
    }
}
