import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import FoundationEssentials
import Testing

/// Folders of pipelines in diffusers' layout, laid out from goldens.
@Suite struct PipelineFolderTests {
    /// A part of a folder: its class, and the golden that it is.
    private typealias Part = (className: String, golden: String)

    private static let classes = [
        "flux": "FluxTransformer2DModel", "z-image": "ZImageTransformer2DModel",
        "flux2-klein": "Flux2Transformer2DModel", "chroma": "ChromaTransformer2DModel",
        "pixart-sigma": "PixArtTransformer2DModel",
    ]

    private func folder(
        _ pipeline: String, transformer: String, encoders: [String: Part], tokenizers: [String: Part],
        vae: Part, edit: (String) -> String = { $0 }
    ) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        var index = "{\"_class_name\": \"\(pipeline)\""
        let models = encoders.merging([
            "transformer": (try #require(Self.classes[transformer]), transformer), "vae": vae,
        ]) { $1 }
        for (name, part) in models {
            let golden = try GoldenModel(part.golden, on: .cpu())
            let keys = golden.fixture.keys.filter { $0.hasPrefix("model.") }
            let tensors = keys.map {
                (name: String($0.dropFirst("model.".count)), tensor: golden.fixture[$0])
            }
            let config = try #require(golden.fixture.metadata["config"])
            try folder.write(edit(config), to: "\(name)/config.json")
            try folder.write(SafetensorsWriter.encode(tensors), to: "\(name)/model.safetensors")
            index += ", \"\(name)\": [\"x\", \"\(part.className)\"]"
        }
        for (name, part) in tokenizers {
            for file in part.golden.split(separator: " ").map(String.init) {
                let bytes = Array(try Data(contentsOf: Golden.url("tokenizers/\(file)")))
                let isList = file.hasSuffix("vocab.json") || file.hasSuffix("merges.txt")
                let target =
                    isList ? file.split(separator: "/").last.map(String.init) ?? "" : "tokenizer.json"
                try folder.write(bytes, to: "\(name)/\(target)")
            }
            index += ", \"\(name)\": [\"x\", \"\(part.className)\"]"
        }
        index += ", \"scheduler\": [\"x\", \"FlowMatchEulerDiscreteScheduler\"]}"
        try folder.write(Array("{\"shift\": 3.0}".utf8), to: "scheduler/scheduler_config.json")
        try folder.write(Array(index.utf8), to: "model_index.json")
        return folder
    }

    /// The model of a folder computes what diffusers' does; nothing of it is left unused.
    private func check(
        _ folder: TemporaryFolder, _ golden: String, _ schedule: NoiseSchedule, result: String = "velocity"
    ) throws {
        let golden = try GoldenModel(golden, on: .cpu())
        let checkpoint = try ModelCatalog.builtin.load(folder.url, on: golden.fixture.device)
        #expect(checkpoint.notes == [] && checkpoint.schedule == schedule)
        var context = TextContext(
            tokens: golden["context"],
            pooled: golden.fixture.keys.contains("pooled") ? golden["pooled"] : nil)
        context.guidance = .scale(2.5)
        let output = try checkpoint.model(golden["latent"], timestep: golden["timestep"], context: context)
        #expect(relativeError(output, golden[result]) < Tolerance.f32.block)
        let encoded = try checkpoint.textEncoder.encode("a lighthouse at the sea")
        #expect(encoded.context.tokens.shape[0] == 1 && encoded.context.tokens.allFinite)
    }

    private static let t5: Part = ("T5EncoderModel", "t5")
    private static let t5Tokenizer: Part = ("T5TokenizerFast", "qwen-t5/t5.json")
    private static let vae: Part = ("AutoencoderKL", "vae-plain")

    @Test func zImage() throws {
        let folder = try folder(
            "ZImagePipeline", transformer: "z-image", encoders: ["text_encoder": ("Qwen3Model", "qwen3")],
            tokenizers: ["tokenizer": ("Qwen2Tokenizer", "qwen-t5/qwen.json")], vae: Self.vae)
        // The golden's table of ids is smaller than the tokenizer's.
        let error = #expect(throws: ModelInputError.self) {
            try check(folder, "z-image", .flow(shift: 3, timeScale: 1))
        }
        #expect(error?.description.contains("outside the text encoder's table") == true)
    }

    /// Fewer positions than the chat's template has tokens: nothing of the prompt would be left.
    @Test func anEncoderOfFewPositionsIsTold() throws {
        let folder = try folder(
            "ZImagePipeline", transformer: "z-image", encoders: ["text_encoder": ("Qwen3Model", "qwen3")],
            tokenizers: ["tokenizer": ("Qwen2Tokenizer", "qwen-t5/qwen.json")], vae: Self.vae
        ) {
            $0.replacing("\"max_position_embeddings\": 64", with: "\"max_position_embeddings\": 3")
        }
        let encoder = try ModelCatalog.builtin.load(folder.url, on: .cpu()).textEncoder
        let error = #expect(throws: ModelInputError.self) { try encoder.encode("a lighthouse") }
        #expect(error?.description.contains("Qwen3 takes sequences of one length in 1...3") == true)
    }

    @Test func anAutoencoderOfAnotherFamilyIsTold() throws {
        let folder = try folder(
            "Flux2KleinPipeline", transformer: "flux2-klein",
            encoders: ["text_encoder": ("Qwen3ForCausalLM", "qwen3")],
            tokenizers: ["tokenizer": ("Qwen2TokenizerFast", "qwen-t5/qwen.json")],
            vae: ("AutoencoderKLFlux2", "vae-flux2"))
        // The golden Qwen3 has fewer layers than FLUX.2 takes states of; the autoencoder has other channels.
        let error = #expect(throws: (any Error).self) {
            try ModelCatalog.builtin.load(folder.url, on: .cpu())
        }
        #expect("\(error as Any)".contains("latent channels"))
    }

    @Test(arguments: [("ChromaPipeline", "chroma"), ("PixArtSigmaPipeline", "pixart-sigma")])
    func familiesOfT5(_ pipeline: String, _ golden: String) throws {
        let folder = try folder(
            pipeline, transformer: golden, encoders: ["text_encoder": Self.t5],
            tokenizers: ["tokenizer": Self.t5Tokenizer], vae: Self.vae)
        let isChroma = golden == "chroma"
        let error = #expect(throws: ModelInputError.self) {
            try check(
                folder, golden,
                isChroma ? .flux(shift: 1.15) : .epsilon(betaStart: 0.0001, betaEnd: 0.02),
                result: isChroma ? "velocity" : "noise")
        }
        #expect(error?.description.contains("outside the text encoder's table") == true)
    }
}
