import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// Folders of pipelines with all their text encoders, against diffusers' `encode_prompt` and the same encoders from files of their own.
@Suite struct PipelineEncoderTests {
    private let encoders: TinyEncoders
    private let folder: TemporaryFolder

    init() throws {
        encoders = try TinyEncoders()
        folder = try TemporaryFolder()
    }

    private func write(_ part: TinyEncoders.Part, to name: String, as className: String) throws {
        let isBare = className == "CLIPTextModel"
        try folder.write(encoders.config(part, architecture: className), to: "\(name)/config.json")
        try folder.write(encoders.file(part, projected: !isBare).bytes, to: "\(name)/model.safetensors")
    }

    /// Writes the transformer of a family of `spellings.py`, with other numbers of features of texts.
    private func writeTransformer(_ name: String, context: Int, pooled: Int = 0) throws {
        let spelled = try SpelledModel(name, "float32")
        let file = try spelled.file
        let entries: [SpeltFile.Entry] = file.entries.map { entry in
            switch entry.name {
            case "context_embedder.weight", "cap_embedder.1.weight", "caption_projection.linear_1.weight":
                (entry.name, [entry.shape[0], context], entry.type)
            case "cap_embedder.0.weight": (entry.name, [context], entry.type)
            case "time_text_embed.text_embedder.linear_1.weight":
                (entry.name, [entry.shape[0], pooled], entry.type)
            default: entry
            }
        }
        try folder.write(SpeltFile(entries: entries).bytes, to: "transformer/model.safetensors")
        let config = try #require(spelled.golden(on: .cpu()).metadata["config"])
            .replacing(/"(joint_attention_dim|cap_feat_dim|caption_channels)": \d+/) {
                "\"\($0.output.1)\": \(context)"
            }
            .replacing(/"pooled_projection_dim": \d+/, with: "\"pooled_projection_dim\": \(pooled)")
        try folder.write(config, to: "transformer/config.json")
    }

    /// Writes the rest of a folder, whose parts are of these classes, and loads it.
    private func load(
        _ pipeline: String, _ classes: KeyValuePairs<String, String>, vae golden: String = "vae-plain"
    ) throws -> Checkpoint {
        let vae = try GoldenModel(golden, on: .cpu())
        let keys = vae.fixture.keys.filter { $0.hasPrefix("model.") }
        let tensors = keys.map { (name: String($0.dropFirst("model.".count)), tensor: vae.fixture[$0]) }
        try folder.write(try #require(vae.fixture.metadata["config"]), to: "vae/config.json")
        try folder.write(SafetensorsWriter.encode(tensors), to: "vae/model.safetensors")
        try folder.write("{\"shift\": 3.0}", to: "scheduler/scheduler_config.json")
        let all =
            classes.map { ($0.key, $0.value) } + [
                ("vae", golden == "vae-flux2" ? "AutoencoderKLFlux2" : "AutoencoderKL"),
                ("scheduler", "FlowMatchEulerDiscreteScheduler"),
            ]
        let parts = all.map { "\"\($0.0)\": [\"x\", \"\($0.1)\"]" }.joined(separator: ", ")
        try folder.write("{\"_class_name\": \"\(pipeline)\", \(parts)}", to: "model_index.json")
        return try ModelCatalog.builtin.load(folder.url, on: encoders.golden.device, precision: .f32)
    }

    /// The model takes what the encoder gives.
    private func runs(_ checkpoint: Checkpoint, time: Float) throws -> Bool {
        let device = encoders.golden.device
        let latent = Tensor.full(0.5, [1, checkpoint.model.latentChannels, 4, 4], on: device)
        return try checkpoint.model(
            latent, timestep: .full(time, [1], on: device),
            context: checkpoint.textEncoder.encode(encoders.texts[0]).context
        ).allFinite
    }

    @Test func flux() throws {
        try write(.clipL, to: "text_encoder", as: "CLIPTextModel")
        try write(.t5, to: "text_encoder_2", as: "T5EncoderModel")
        try encoders.writeCLIPTokenizer(folder, to: "tokenizer")
        try encoders.writeT5Tokenizer(folder, to: "tokenizer_2")
        try writeTransformer("flux", context: 4096, pooled: 768)
        let checkpoint = try load(
            "FluxPipeline",
            [
                "text_encoder": "CLIPTextModel", "text_encoder_2": "T5EncoderModel",
                "tokenizer": "CLIPTokenizer", "tokenizer_2": "T5TokenizerFast",
                "transformer": "FluxTransformer2DModel",
            ])
        #expect(checkpoint.notes == [] && checkpoint.schedule == .flux(shift: 1.15))
        let encoder = checkpoint.textEncoder
        try encoders.expect(encoder.encode(encoders.texts[0]), "diffusers.flux")
        // Weights and long texts as from files of their own.
        for (index, text) in encoders.texts.enumerated() {
            try encoders.expect(encoder.encode(text), "flux.\(index)")
        }
        #expect(try runs(checkpoint, time: 0.5))
    }

    @Test func stableDiffusion3() throws {
        try write(.clipL, to: "text_encoder", as: "CLIPTextModelWithProjection")
        try write(.clipG, to: "text_encoder_2", as: "CLIPTextModelWithProjection")
        try write(.t5, to: "text_encoder_3", as: "T5EncoderModel")
        try encoders.writeCLIPTokenizer(folder, to: "tokenizer")
        try encoders.writeCLIPTokenizer(folder, to: "tokenizer_2", pad: "!")
        try encoders.writeT5Tokenizer(folder, to: "tokenizer_3")
        try writeTransformer("sd3", context: 4096, pooled: 2048)
        let checkpoint = try load(
            "StableDiffusion3Pipeline",
            [
                "text_encoder": "CLIPTextModelWithProjection",
                "text_encoder_2": "CLIPTextModelWithProjection", "text_encoder_3": "T5EncoderModel",
                "tokenizer": "CLIPTokenizer", "tokenizer_2": "CLIPTokenizer",
                "tokenizer_3": "T5TokenizerFast", "transformer": "SD3Transformer2DModel",
            ])
        #expect(checkpoint.notes == [] && checkpoint.schedule == .flow(shift: 3, timeScale: 1000))
        let encoder = checkpoint.textEncoder
        let encoded = try encoder.encode(encoders.texts[0])
        #expect(encoded.context.tokens.shape == [1, 333, 4096] && encoded.context.tailCount == 1)
        try encoders.expect(encoded, "diffusers.sd3")
        #expect(try runs(checkpoint, time: 500))

        // The same from files of their own, but for CLIP-L's pooled vector, which diffusers projects, and T5's 256 tokens.
        let files = try encoders.encoder(.sd3, [.clipL, .clipG, .t5]).padded(t5Padding: 0, t5Length: 256)
        for text in encoders.texts[2...4] {
            let (own, other) = (try encoder.encode(text), try files.encode(text))
            #expect(own.truncatedTokens == 0)
            #expect(relativeError(own.context.tokens, other.context.tokens) < Tolerance.f32.op)
            let right = { (context: TextContext) in context.pooled?.narrowed(axis: 1, 768..<2048) }
            #expect(relativeError(right(own.context), try #require(right(other.context))) < Tolerance.f32.op)
        }
    }

    @Test func partsOfStableDiffusion3MustFit() throws {
        try write(.clipL, to: "text_encoder", as: "CLIPTextModelWithProjection")
        try write(.clipG, to: "text_encoder_2", as: "CLIPTextModelWithProjection")
        try write(.t5, to: "text_encoder_3", as: "T5EncoderModel")
        try encoders.writeCLIPTokenizer(folder, to: "tokenizer")
        try encoders.writeCLIPTokenizer(folder, to: "tokenizer_2", pad: "!")
        try encoders.writeT5Tokenizer(folder, to: "tokenizer_3")
        func problem(context: Int, pooled: Int) throws -> String {
            try writeTransformer("sd3", context: context, pooled: pooled)
            let error = #expect(throws: WeightsError.self) {
                try load(
                    "StableDiffusion3Pipeline",
                    [
                        "text_encoder": "CLIPTextModelWithProjection",
                        "text_encoder_2": "CLIPTextModelWithProjection",
                        "text_encoder_3": "T5EncoderModel", "tokenizer": "CLIPTokenizer",
                        "tokenizer_2": "CLIPTokenizer", "tokenizer_3": "T5TokenizerFast",
                        "transformer": "SD3Transformer2DModel",
                    ])
            }
            return error?.problem ?? ""
        }
        #expect(try problem(context: 2560, pooled: 2048).contains("text_encoder_3 is 4096 wide"))
        #expect(try problem(context: 1024, pooled: 2048).contains("the text encoders give 2048 features"))
        #expect(try problem(context: 4096, pooled: 100).contains("project to 2048 in all"))
    }

    /// Diffusers shows Chroma's transformer one of the tokens that fill a text up; T5 sees none of them.
    @Test(
        "T5 alone, as diffusers' pipelines ask it",
        arguments: [
            ("ChromaPipeline", "chroma", "ChromaTransformer2DModel", Float(0.5)),
            ("PixArtSigmaPipeline", "pixart", "PixArtTransformer2DModel", 500),
        ])
    func t5Alone(_ pipeline: String, _ name: String, _ transformer: String, _ time: Float) throws {
        try write(.t5, to: "text_encoder", as: "T5EncoderModel")
        try encoders.writeT5Tokenizer(folder, to: "tokenizer")
        try writeTransformer(name, context: 4096)
        let checkpoint = try load(
            pipeline,
            [
                "text_encoder": "T5EncoderModel", "tokenizer": "T5TokenizerFast", "transformer": transformer,
            ])
        #expect(checkpoint.notes == [])
        for (index, text) in encoders.texts[..<3].enumerated() {
            try encoders.expect(checkpoint.textEncoder.encode(text), "diffusers.\(name).\(index)")
        }
        #expect(try runs(checkpoint, time: time))
        // The options of ComfyUI's node make it what ComfyUI does.
        let asFile = try checkpoint.textEncoder.padded(t5Padding: 0, t5Length: 0)
        for (index, text) in encoders.texts.enumerated() {
            try encoders.expect(asFile.encode(text), "pixart.\(index)")
        }
    }

    /// Z-Image takes a text's own tokens, FLUX.2 klein 512; of more than 512, diffusers keeps the first.
    @Test(
        "Qwen3, as diffusers' pipelines ask it",
        arguments: [
            ("ZImagePipeline", "z-image", "ZImageTransformer2DModel", "z_image", 48, "vae-plain"),
            ("Flux2KleinPipeline", "flux2", "Flux2Transformer2DModel", "klein", 144, "vae-flux2"),
        ])
    func qwen3(
        _ pipeline: String, _ name: String, _ transformer: String, _ key: String, _ width: Int, _ vae: String
    ) throws {
        let qwen = try TinyQwen()
        try folder.write(qwen.config(), to: "text_encoder/config.json")
        try folder.write(qwen.file.bytes, to: "text_encoder/model.safetensors")
        try qwen.writeTokenizer(folder, to: "tokenizer")
        try writeTransformer(name, context: width)
        let checkpoint = try load(
            pipeline,
            [
                "text_encoder": "Qwen3ForCausalLM", "tokenizer": "Qwen2TokenizerFast",
                "transformer": transformer,
            ], vae: vae)
        #expect(checkpoint.notes == [])
        var compared = 0
        for (index, text) in qwen.texts.enumerated()
        where qwen.golden.keys.contains("diffusers.\(key).\(index)") {
            let encoded = try checkpoint.textEncoder.encode(text)
            try qwen.expect(encoded, "diffusers.\(key).\(index)")
            compared += 1
        }
        #expect(compared == 5)
        #expect(try runs(checkpoint, time: 0.5))
    }
}
