import Diorama
import DioramaJSON
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import FoundationEssentials
import Testing

/// Case 30 of the project's list of hostile files for every family: weights that are no numbers end in the name of a node, never in a black
/// picture.
@Suite struct DamagedWeightsTests {
    /// Tiny models of single files: a file, and one of its tensors from the middle.
    private static let files = [
        "flux1-dev": "double_blocks.1.img_mlp.0.weight",
        "Chroma1-HD-fp8mixed": "single_blocks.1.linear1.weight",
        "z_image_bf16": "layers.1.feed_forward.w2.weight",
    ]
    /// The same of models of the goldens.
    private static let goldens = [
        "flux2": "transformer_blocks.1.ff.linear_out.weight",
        "mmdit-dual": "transformer_blocks.1.ff.net.0.proj.weight",
        "pixart-sigma": "transformer_blocks.1.attn1.to_out.0.bias",
    ]
    /// The same of text encoders, with the type that their loader is told.
    private static let encoders = [
        ("clip_l", "sd3", "text_model.encoder.layers.1.mlp.fc2.weight"),
        ("t5xxl_fp16", "chroma", "encoder.block.1.layer.1.DenseReluDense.wi_1.weight"),
        ("qwen_3_4b", "lumina2", "model.layers.13.self_attn.v_proj.weight"),
    ]

    /// Writes NaN over a tensor: all bits are set, which is one in every type of floats.
    private func damage(_ key: String, of file: URL) throws {
        var bytes = Array(try Data(contentsOf: file))
        let length = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        let header = try JSON(parsing: Array(bytes[8..<8 + length]))
        let offsets = try #require(header.object?[key]?["data_offsets"]?.array, "\(key)").compactMap(
            \.integer)
        for index in offsets[0]..<offsets[1] { bytes[8 + length + index] = 0xFF }
        try Data(bytes).write(to: file)
    }

    /// Loads a diffusion model and asks KSampler for a picture of it.
    private func sampled(_ name: String, in models: URL, width: Int, pooled: Int?) async throws -> String? {
        let bench = try Workbench(models: [models])
        let loaded = try await bench.run("UNETLoader", ["unet_name": .string(name)])
        let prompt = TextContext(
            tokens: bench.noise([1, 3, width]), pooled: pooled.map { bench.noise([1, $0]) })
        return await bench.failure(
            of: "KSampler", ["steps": 2, "cfg": 1],
            given: [
                "model": try #require(loaded.value("node", as: Model.self)),
                "positive": Conditioning([prompt]), "negative": Conditioning([prompt]),
                "latent_image": Latent(samples: .zeros([1, 4, 4, 4], on: bench.device)),
            ])
    }

    private static let sentence =
        "node (KSampler): the latent has values that are not finite numbers after step 1 of 2"

    @Test("case 30: diffusion models of single files", arguments: files.keys.sorted())
    func singleFiles(_ name: String) async throws {
        let models = try TinyModels { $0 == "diffusion_models/\(name).safetensors" }
        let (width, pooled) = (name == "z_image_bf16" ? 64 : 32, name == "flux1-dev" ? 768 : nil)
        let file = "\(name).safetensors"
        // As it is, it gives a picture.
        #expect(try await sampled(file, in: models.folder.url, width: width, pooled: pooled) == nil)
        try damage(
            try #require(Self.files[name]), of: models.folder.url.appending(path: "diffusion_models/\(file)"))
        let failure = try await sampled(file, in: models.folder.url, width: width, pooled: pooled)
        #expect(failure?.hasPrefix(Self.sentence) == true, "\(failure ?? "a picture")")
    }

    @Test("case 30: diffusion models of the goldens", arguments: goldens.keys.sorted())
    func others(_ name: String) async throws {
        let golden = try Fixture("models/\(name).safetensors")
        let keys = golden.keys.filter { $0.hasPrefix("model.") }
        let folder = try TemporaryFolder()
        let bytes = try SafetensorsWriter.encode(
            keys.map { (name: String($0.dropFirst("model.".count)), tensor: golden[$0]) })
        let url = try folder.write(bytes, to: "diffusion_models/model.safetensors")
        let width = golden["context"].shape[2]
        let pooled =
            keys.contains("pooled") || golden.keys.contains("pooled") ? golden["pooled"].shape[1] : nil
        #expect(
            try await sampled("model.safetensors", in: folder.url, width: width, pooled: pooled) == nil)
        try damage(try #require(Self.goldens[name]), of: url)
        let failure = try await sampled("model.safetensors", in: folder.url, width: width, pooled: pooled)
        #expect(failure?.hasPrefix(Self.sentence) == true, "\(failure ?? "a picture")")
    }

    @Test("case 30: text encoders", arguments: encoders)
    func textEncoders(_ name: String, _ type: String, _ key: String) async throws {
        let models = try TinyModels { $0 == "text_encoders/\(name).safetensors" }
        try damage(key, of: models.folder.url.appending(path: "text_encoders/\(name).safetensors"))
        let bench = try Workbench(models: [models.folder.url])
        let loaded = try await bench.run(
            "CLIPLoader", ["clip_name": .string("\(name).safetensors"), "type": .string(type)])
        let failure = await bench.failure(
            of: "CLIPTextEncode", ["text": "a boat at sea"],
            given: ["clip": try #require(loaded.value("node", as: CLIP.self))])
        #expect(
            failure?.hasPrefix("node (CLIPTextEncode): the encoded prompt has values that are not finite")
                == true,
            "\(failure ?? "a prompt")")
    }

    /// FLUX.1 has only its pooled vector from CLIP-L, and Stable Diffusion 3 both.
    @Test(
        "case 30: each node that encodes prompts tells it",
        arguments: ["CLIPTextEncodeFlux", "CLIPTextEncodeSD3"])
    func prompts(_ className: String) async throws {
        let isFlux = className == "CLIPTextEncodeFlux"
        let models = try TinyModels {
            $0 == "text_encoders/clip_l.safetensors" || isFlux && $0 == "text_encoders/t5xxl_fp16.safetensors"
        }
        try damage(
            "text_model.final_layer_norm.weight",
            of: models.folder.url.appending(path: "text_encoders/clip_l.safetensors"))
        let bench = try Workbench(models: [models.folder.url])
        let loaded = try await bench.run(
            isFlux ? "DualCLIPLoader" : "CLIPLoader",
            isFlux
                ? [
                    "clip_name1": "clip_l.safetensors", "clip_name2": "t5xxl_fp16.safetensors",
                    "type": "flux",
                ] : ["clip_name": "clip_l.safetensors", "type": "sd3"])
        let failure = await bench.failure(
            of: className,
            isFlux
                ? ["clip_l": "a boat", "t5xxl": "a boat"]
                : ["clip_l": "a boat", "clip_g": "a boat", "t5xxl": "a boat"],
            given: ["clip": try #require(loaded.value("node", as: CLIP.self))])
        #expect(
            failure?.hasPrefix("node (\(className)): the encoded prompt has values that are not finite")
                == true,
            "\(failure ?? "a prompt")")
    }

    /// Autoencoders of 4 channels, of 16, of FLUX.2's, and tiny ones.
    static let autoencoders = ["vae-quant", "ae", "flux2-vae", "vae-tiny", "vae-tiny-pooled"]

    private func vae(_ name: String, on device: Device, _ damaged: [String]) throws -> VAE {
        guard name.hasPrefix("vae-") else {
            let models = try TinyModels { $0 == "vae/\(name).safetensors" }
            let url = models.folder.url.appending(path: "vae/\(name).safetensors")
            for key in damaged { try damage(key, of: url) }
            return VAE(autoencoder: try AutoencoderFile(WeightsFile(url).open()).load(on: device).autoencoder)
        }
        let golden = try Fixture("models/\(name).safetensors", on: device)
        let weights = Weights(
            GivenTensors(
                golden.keys.filter { $0.hasPrefix("model.") }.map { key in
                    let own = String(key.dropFirst("model.".count))
                    let tensor = golden[key]
                    return (own, damaged.contains(own) ? .full(.nan, tensor.shape, on: device) : tensor)
                }), on: device)
        if name == "vae-quant" {
            let config = try ModelConfig(try #require(golden.metadata["config"]), place: name)
            return VAE(autoencoder: try AutoencoderKL(weights, AutoencoderKLConfig(config)))
        }
        return VAE(autoencoder: try AutoencoderTiny(weights, latentFormat: LatentFormat(scale: 1, shift: 0)))
    }

    /// Tensors of the decoder and of the encoder that are damaged.
    private static func tensors(_ name: String) -> [String] {
        switch name {
        case "vae-quant":
            ["decoder.mid_block.resnets.0.conv1.weight", "encoder.mid_block.resnets.0.conv1.weight"]
        case "ae", "flux2-vae": ["decoder.mid.block_1.conv1.weight", "encoder.mid.block_1.conv1.weight"]
        default: ["decoder.layers.3.conv.2.weight", "encoder.layers.3.conv.2.weight"]
        }
    }

    @Test(
        "case 30: autoencoders", arguments: autoencoders,
        ["VAEDecode", "VAEDecodeTiled", "VAEEncode", "VAEEncodeTiled"])
    func autoencoder(_ name: String, _ className: String) async throws {
        let bench = try Workbench()
        let vae = try vae(name, on: bench.device, Self.tensors(name))
        let isDecoding = className.hasPrefix("VAEDecode")
        let side = 4 * vae.autoencoder.factor
        let failure = await bench.failure(
            of: className,
            given: isDecoding
                ? [
                    "samples": Latent(samples: bench.noise([1, vae.autoencoder.latentChannels, 4, 4])),
                    "vae": vae,
                ] : ["pixels": ImageBatch(pixels: bench.noise([1, side, side, 3])), "vae": vae])
        let what = isDecoding ? "decoded" : "encoded"
        #expect(
            failure?.hasPrefix(
                "node (\(className)): the \(what) picture has values that are not finite numbers")
                == true, "\(failure ?? "a picture")")
    }
}
