import DioramaTensor
import DioramaTokenizers
import DioramaWeights

// Folders of pipelines in diffusers' layout, each part with its configuration.
extension Checkpoint {
    /// Loads a folder of FLUX.1: `FluxPipeline` and its kin.
    static func flux(
        _ directory: DiffusersDirectory, on device: Device, precision: Precision?
    ) throws -> Checkpoint {
        var loader = PartLoader(directory, device, precision)
        let model = try loader.load(
            "transformer", as: ["FluxTransformer2DModel"], isDenoiser: true, FluxConfig.init,
            names: { FluxTransformer.names($0) }, FluxTransformer.init)
        let clip = CLIPStage(
            tokenizer: try CLIPTokenizer(directory: loader.directory.part("tokenizer").url),
            model: try loader.load(
                "text_encoder", as: ["CLIPTextModel"], CLIPTextConfig.init,
                names: { _ in CLIPTextModel.names() }, CLIPTextModel.init), padID: nil)
        let t5 = try loader.t5("_2", shortest: FluxTextEncoder.shortest)
        return try loader.checkpoint(
            model, FluxTextEncoder(clip: clip, t5: t5, on: device),
            model.config.hasGuidance ? .flux(shift: 1.15) : .flow(shift: 1, timeScale: 1))
    }

    /// Loads a `Flux2KleinPipeline` folder.
    static func flux2Klein(
        _ directory: DiffusersDirectory, on device: Device, precision: Precision?
    ) throws -> Checkpoint {
        var loader = PartLoader(directory, device, precision)
        let model = try loader.load(
            "transformer", as: ["Flux2Transformer2DModel"], isDenoiser: true, Flux2Config.init,
            names: { Flux2Transformer.names($0) }, Flux2Transformer.init)
        return try loader.checkpoint(
            model, loader.qwen(.klein), .flux(shift: 2.02), autoencoder: "AutoencoderKLFlux2")
    }

    /// Loads a `ZImagePipeline` folder.
    static func zImage(
        _ directory: DiffusersDirectory, on device: Device, precision: Precision?
    ) throws -> Checkpoint {
        var loader = PartLoader(directory, device, precision)
        let model = try loader.load(
            "transformer", as: ["ZImageTransformer2DModel"], isDenoiser: true, ZImageConfig.init,
            names: { _ in ZImageTransformer.names() }, ZImageTransformer.init)
        let flow = try FlowMatchConfig(loader.config("scheduler", as: "FlowMatchEulerDiscreteScheduler"))
        return try loader.checkpoint(
            model, loader.qwen(.zImage), .flow(shift: Double(flow.shift), timeScale: 1))
    }

    /// Loads a `ChromaPipeline` folder.
    static func chroma(
        _ directory: DiffusersDirectory, on device: Device, precision: Precision?
    ) throws -> Checkpoint {
        var loader = PartLoader(directory, device, precision)
        let model = try loader.load(
            "transformer", as: ["ChromaTransformer2DModel"], isDenoiser: true, ChromaConfig.init,
            names: { ChromaTransformer.names($0) }, ChromaTransformer.init)
        // The transformer sees one of the tokens that fill a text up, the encoder none, as diffusers' `ChromaPipeline` has it.
        var t5 = try loader.t5("", shortest: T5TextEncoder.shortest)
        (t5.padding, t5.seesPadding) = (1, false)
        return try loader.checkpoint(
            model, T5TextEncoder(alone: t5, on: device), .flux(shift: 1.15))
    }

    /// Loads a `PixArtSigmaPipeline` folder.
    static func pixArtSigma(
        _ directory: DiffusersDirectory, on device: Device, precision: Precision?
    ) throws -> Checkpoint {
        var loader = PartLoader(directory, device, precision)
        let model = try loader.load(
            "transformer", as: ["PixArtTransformer2DModel"], isDenoiser: true, PixArtConfig.init,
            names: { _ in PixArtTransformer.names() }, PixArtTransformer.init)
        return try loader.checkpoint(
            model, T5TextEncoder(alone: loader.t5("", shortest: T5TextEncoder.shortest), on: device),
            .epsilon(betaStart: 0.0001, betaEnd: 0.02))
    }
}

extension PartLoader {
    /// Loads the model in the folder `name`, whose class must be one of `classNames`; `isDenoiser` if it runs in every step, and its layers may be int8.
    fileprivate mutating func load<Config, Model>(
        _ name: String, as classNames: [String], isDenoiser: Bool = false,
        _ read: (ModelConfig) throws -> Config, names: (Config) -> TensorNames,
        _ make: (Weights, Config) throws -> Model
    ) throws -> Model {
        let className = try directory.part(name).className
        let known = classNames.contains(className) ? className : classNames[0]
        let own = try read(config(name, as: known))
        return try load(name, as: known, isDenoiser: isDenoiser, names: names(own)) { weights, _ in
            try make(weights, own)
        }
    }

    /// T5 in `text_encoder` and `tokenizer` with a suffix.
    mutating func t5(_ suffix: String, shortest: Int) throws -> T5Stage {
        T5Stage(
            tokenizer: try T5Tokenizer(directory: directory.part("tokenizer" + suffix).url),
            model: try load(
                "text_encoder" + suffix, as: ["T5EncoderModel"], T5Config.init,
                names: { _ in T5EncoderModel.names() }, T5EncoderModel.init), shortest: shortest)
    }

    /// Qwen3 in `text_encoder` and `tokenizer`.
    fileprivate mutating func qwen(_ style: QwenTextEncoder.Style) throws -> QwenTextEncoder {
        let model = try load(
            "text_encoder", as: ["Qwen3ForCausalLM", "Qwen3Model"], Qwen3Config.init,
            names: { _ in Qwen3Model.names() }
        ) { weights, config in
            try Qwen3Model(
                weights, config, lastLayer: style.states.compactMap(config.layer(ofState:)).max())
        }
        return QwenTextEncoder(
            try QwenTokenizer(directory: directory.part("tokenizer").url), model, style, on: device)
    }

    /// Puts the parts together with the autoencoder, whose latents must be the model's.
    fileprivate mutating func checkpoint(
        _ model: any DiffusionModel, _ encoder: any TextEncoder, _ schedule: NoiseSchedule,
        autoencoder className: String = "AutoencoderKL"
    ) throws -> Checkpoint {
        let autoencoder = try load(
            "vae", as: [className], AutoencoderKLConfig.init, names: { AutoencoderKL.names($0) },
            AutoencoderKL.init)
        try require(
            autoencoder.config.latentChannels == model.latentChannels,
            "the vae has \(autoencoder.config.latentChannels) latent channels, but the transformer \(model.latentChannels)"
        )
        return Checkpoint(
            model: model, schedule: schedule, textEncoder: encoder, autoencoder: autoencoder, notes: notes)
    }
}
