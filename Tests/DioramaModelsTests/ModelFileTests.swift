import DioramaJSON
import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Foundation
import Testing

/// Files whose family and configuration are told by keys and shapes alone.
@Suite struct ModelFileTests {
    /// The true models of `tools/golden/true_sizes.py`, and the families that they are of.
    static let models = [
        "FLUX.1-dev": "FLUX.1", "FLUX.1-schnell": "FLUX.1", "FLUX.1-Fill": "FLUX.1", "FLUX.2-dev": "FLUX.2",
        "FLUX.2-klein-4B": "FLUX.2", "FLUX.2-klein-9B": "FLUX.2", "Chroma1": "Chroma", "Z-Image": "Z-Image",
        "PixArt-Sigma": "PixArt-Sigma", "SD3-medium": "Stable Diffusion 3",
        "SD3.5-medium": "Stable Diffusion 3", "SD3.5-large": "Stable Diffusion 3",
        "Lotus-depth": "Lotus",
    ]

    @Test("the configuration is read off the shapes", arguments: models.keys.sorted())
    func configurations(_ name: String) throws {
        let bytes = try Data(contentsOf: Golden.url("families/true_sizes.json"))
        let model = try #require(JSON(parsing: Array(bytes)).object?["models"]?.object?[name]?.object)
        let expected = try ModelConfig(try #require(model["config"]).text(), place: name)
        for (spelling, prefix) in [
            ("diffusers", ""), ("original", ""), ("original", "model.diffusion_model."),
            ("diffusers", "transformer."),
        ] {
            let file = try DiffusionFile(
                ShapesAlone(try #require(model[spelling]?.object), prefix: prefix))
            #expect(file.family == Self.models[name], "\(spelling)")
            let found = try file.config
            switch file.family {
            case "FLUX.1": #expect(try FluxConfig(found) == FluxConfig(expected), "\(spelling)")
            case "FLUX.2": #expect(try Flux2Config(found) == Flux2Config(expected), "\(spelling)")
            case "Chroma": #expect(try ChromaConfig(found) == ChromaConfig(expected), "\(spelling)")
            case "Z-Image": #expect(try ZImageConfig(found) == ZImageConfig(expected), "\(spelling)")
            case "PixArt-Sigma": #expect(try PixArtConfig(found) == PixArtConfig(expected), "\(spelling)")
            case "Lotus": #expect(try UNetConfig(found) == UNetConfig(expected), "\(spelling)")
            default: #expect(try SD3Config(found) == SD3Config(expected), "\(spelling)")
            }
        }
    }

    /// Heads of models without norms are 64 wide in all published files, which a small one's are not: so the one with norms.
    @Test func stableDiffusion3InOriginalFiles() throws {
        let golden = try GoldenModel("mmdit-dual", on: .cpu())
        let part = try DiffusionFile(OriginalFile(golden, prefix: "model.diffusion_model.")).load(
            on: golden.fixture.device)
        let velocity = try part.model(
            golden["latent"], timestep: golden["timestep"],
            context: TextContext(tokens: golden["context"], pooled: golden["pooled"]))
        #expect(relativeError(velocity, golden["velocity"]) < Tolerance.f32.block)
        #expect(part.notes.isEmpty && part.schedule == .flow(shift: 3, timeScale: 1000))
    }

    @Test("autoencoders in original files", arguments: ["vae-quant", "vae-plain", "vae-flux2"])
    func autoencoders(_ name: String) throws {
        let golden = try GoldenModel(name, on: .cpu())
        let config = try AutoencoderKLConfig(golden.config)
        for prefix in ["", "first_stage_model."] {
            let weights = Weights(
                try OriginalFile(golden, prefix: prefix), on: golden.fixture.device,
                names: AutoencoderKL.names(config, prefix: prefix))
            let autoencoder = try AutoencoderKL(weights, config)
            #expect(weights.unusedKeys.isEmpty)
            #expect(
                relativeError(try autoencoder.decode(golden["latent"]), golden["decoded"])
                    < Tolerance.f32.block)
            #expect(
                relativeError(try autoencoder.encode(golden["image"]).mean, golden["mean"])
                    < Tolerance.f32.block)
        }
    }

    @Test func packedLatentsAreDecodedByTilesToo() throws {
        let golden = try GoldenModel("vae-flux2", on: .cpu())
        let autoencoder = try AutoencoderKL(golden.weights, AutoencoderKLConfig(golden.config))
        #expect(autoencoder.config.latentChannels == 16 && autoencoder.config.factor == 8)
        let latent = golden["latent"]
        let whole = try autoencoder.decode(latent)
        #expect(relativeError(try autoencoder.decodeTiled(latent, tile: 1), whole) < Tolerance.f32.block)
        let encoded = try autoencoder.encode(golden["image"])
        let tiled = try autoencoder.encodeTiled(golden["image"], tile: 2)
        #expect(relativeError(tiled.mean, encoded.mean) < Tolerance.f32.block)
        #expect(relativeError(tiled.logVariance, encoded.logVariance) < Tolerance.f32.block)
    }

    @Test(
        "what is no model of the kind wanted is named",
        arguments: [
            ("lora_unet_double_blocks_0_img_attn_proj.lora_down.weight", "an adapter (LoRA)"),
            ("transformer.transformer_blocks.0.attn.to_q.lora_A.weight", "an adapter (LoRA)"),
            ("model.diffusion_model.input_blocks.0.0.weight", "a U-Net"),
            ("encoder.block.0.layer.0.SelfAttention.q.weight", "a T5 text encoder"),
            ("text_model.encoder.layers.0.mlp.fc1.weight", "a CLIP text encoder"),
            ("model.layers.0.self_attn.q_proj.weight", "a language model"),
            ("decoder.up_blocks.0.resnets.0.conv1.weight", "an autoencoder"),
            ("transformer_blocks.0.img_mod.1.weight", "Qwen-Image"),
            ("something.weight", "its first tensor is something.weight"),
        ])
    func strangers(_ key: String, _ words: String) throws {
        let file = ShapesAlone(keys: [key: [4, 4]])
        let error = #expect(throws: WeightsError.self) { try DiffusionFile(file) }
        #expect(error?.problem.contains(words) == true)
        let other = #expect(throws: WeightsError.self) { try AutoencoderFile(file) }
        #expect(other?.problem.contains(words) == true)
    }
}

/// A file's keys and shapes without its tensors.
struct ShapesAlone: TensorSource {
    let place = "shapes.safetensors"
    let keys: [String]
    private let shapes: [String: Shape]

    init(keys: [String: Shape]) {
        shapes = keys
        self.keys = keys.keys.sorted()
    }

    /// Unfolds patterns in which `*` stands for numbers.
    init(_ patterns: JSON.Object, prefix: String) throws {
        var shapes: [String: Shape] = [:]
        for pattern in patterns.keys {
            for entry in try #require(patterns[pattern]?.array) {
                let pair = try #require(entry.array)
                let shape = Shape(try #require(pair[0].array).compactMap(\.integer))
                let numbers = try #require(pair[1].array)
                let all: [Int]
                if let list = numbers.first?.array {
                    all = list.compactMap(\.integer)
                } else {
                    let ends = numbers.compactMap(\.integer)
                    all = Array(ends[0]...ends[1])
                }
                for number in all { shapes[prefix + pattern.replacing("*", with: "\(number)")] = shape }
            }
        }
        self.init(keys: shapes)
    }

    func info(_ key: String) -> TensorInfo? {
        shapes[key].map { TensorInfo(name: key, type: .bf16, shape: $0, byteCount: 2 * $0.count) }
    }

    func tensor(_ key: String, on device: Device) throws -> Tensor {
        throw WeightsError(place, "has shapes alone")
    }

    func bytes(_ key: String, on device: Device) throws -> Tensor {
        throw WeightsError(place, "has shapes alone")
    }
}
