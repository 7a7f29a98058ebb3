import DioramaTensor
import DioramaTokenizers
import DioramaWeights

extension Checkpoint {
    /// Loads a `StableDiffusion3Pipeline` folder: transformer, two CLIPs with tokenizers, autoencoder, flow schedule.
    static func stableDiffusion3(
        _ directory: DiffusersDirectory, on device: Device, precision: Precision?
    ) throws -> Checkpoint {
        var loader = PartLoader(directory, device, precision)
        let model = try loader.load("transformer", as: "SD3Transformer2DModel", allowsBytes: true) {
            try SD3Transformer($0, SD3Config($1))
        }
        let autoencoder = try loader.load("vae", as: "AutoencoderKL") {
            try AutoencoderKL($0, AutoencoderKLConfig($1))
        }
        let first = try clip(&loader, "")
        let second = try clip(&loader, "_2")
        let encoder = try SD3TextEncoder(
            first: first, second: second, contextWidth: model.config.contextWidth, on: device)
        let pooledWidth = [first, second].reduce(0) {
            $0 + ($1.model.config.projection ?? $1.model.config.width)
        }
        try loader.require(
            pooledWidth == model.config.pooledWidth,
            "the text encoders project to \(pooledWidth) in all, but the transformer's pooled_projection_dim is \(model.config.pooledWidth)"
        )
        try loader.require(
            autoencoder.config.latentChannels == model.config.channels,
            "the vae has \(autoencoder.config.latentChannels) latent channels, but the transformer \(model.config.channels)"
        )
        if directory.parts["text_encoder_3"] != nil {
            loader.notes.append(
                "text_encoder_3 is not read: zero tokens take its place, as where it is missing")
        }
        let flow = try FlowMatchConfig(loader.config("scheduler", as: "FlowMatchEulerDiscreteScheduler"))
        return Checkpoint(
            model: model,
            schedule: .flow(shift: Double(flow.shift), timeScale: Double(flow.trainTimesteps)),
            textEncoder: encoder, autoencoder: autoencoder, notes: loader.notes)
    }

    private static func clip(_ loader: inout PartLoader, _ suffix: String) throws -> SD3TextEncoder.CLIP {
        let tokenizer = try loader.directory.part("tokenizer" + suffix)
        return SD3TextEncoder.CLIP(
            tokenizer: try CLIPTokenizer(directory: tokenizer.url),
            model: try loader.load("text_encoder" + suffix, as: "CLIPTextModelWithProjection") {
                try CLIPTextModel($0, CLIPTextConfig($1))
            })
    }
}
