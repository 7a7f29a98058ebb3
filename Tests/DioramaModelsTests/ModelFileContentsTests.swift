import DioramaJSON
import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Foundation
import Testing

/// What is in a file, by its keys and shapes, and what is needed beside it.
@Suite struct ModelFileContentsTests {
    /// The tensors of a true model, as `tools/golden/true_sizes.py` has them.
    private func model(_ name: String, prefix: String = "") throws -> ShapesAlone {
        let bytes = try Data(contentsOf: Golden.url("families/true_sizes.json"))
        let model = try #require(JSON(parsing: Array(bytes)).object?["models"]?.object?[name]?.object)
        return try ShapesAlone(try #require(model["original"]?.object), prefix: prefix)
    }

    private func encoder(_ name: String) throws -> [String: Shape] {
        try #require(try PublishedEncoder.all().first { $0.name == name }).shapes
    }

    /// What ComfyUI's templates load beside a model, and by which node.
    @Test(
        "each family says what it needs",
        arguments: [
            ("FLUX.1-dev", ["clip_l", "t5xxl_fp16", "ae"], "DualCLIPLoader, type flux"),
            ("FLUX.2-klein-4B", ["qwen_3_4b", "flux2-vae"], "CLIPLoader, type flux2"),
            ("FLUX.2-klein-9B", ["qwen_3_8b", "flux2-vae"], "CLIPLoader, type flux2"),
            ("Chroma1", ["t5xxl_fp16", "ae"], "CLIPLoader, type chroma"),
            ("Z-Image", ["qwen_3_4b", "ae"], "CLIPLoader, type lumina2"),
            ("PixArt-Sigma", ["t5xxl_fp16", "sdxl_vae"], "CLIPLoader, type pixart"),
            ("SD3-medium", ["clip_l", "clip_g", "t5xxl_fp16"], "TripleCLIPLoader"),
        ])
    func needs(_ name: String, _ files: [String], _ loader: String) throws {
        let contents = ModelFileContents(try model(name))
        let part = try #require(contents.parts.first)
        #expect(contents.parts.count == 1 && contents.guess == nil)
        #expect(
            part.role == .diffusionModel && part.name == ModelFileTests.models[name] && part.problem == nil)
        #expect(part.needs.compactMap(\.file) == files.map { $0 + ".safetensors" })
        #expect(part.needs.filter { $0.folder == "text_encoders" }.allSatisfy { $0.loader == loader })
        #expect(part.needs.last?.what.hasPrefix("autoencoder of ") == true)
        #expect(part.needs.last?.folder == "vae")
    }

    @Test func fluxTwoDevNeedsAnEncoderThatIsNotSupported() throws {
        let part = try #require(ModelFileContents(model("FLUX.2-dev")).parts.first)
        #expect(part.needs.first?.what == "text encoder Mistral Small 3 (not supported)")
    }

    @Test func aCheckpointNeedsOnlyWhatItDoesNotHave() throws {
        let diffusion = "model.diffusion_model."
        var shapes: [String: Shape] = [:]
        let file = try model("SD3-medium", prefix: diffusion)
        for key in file.keys { shapes[key] = file.info(key)?.shape }
        for (name, prefix) in [
            ("CLIP-L", "text_encoders.clip_l.transformer."), ("CLIP-G", "text_encoders.clip_g.transformer."),
        ] {
            for (key, shape) in try encoder(name) { shapes[prefix + key] = shape }
        }
        var contents = ModelFileContents(ShapesOnly(shapes))
        #expect(contents.parts.map(\.name) == ["Stable Diffusion 3", "CLIP-G", "CLIP-L"])
        #expect(
            contents.parts.map(\.prefix) == [
                diffusion, "text_encoders.clip_g.transformer.", "text_encoders.clip_l.transformer.",
            ])
        #expect(
            contents.parts[0].needs.map(\.what) == [
                "text encoder T5-XXL", "autoencoder of Stable Diffusion 3, 16 channels",
            ])

        let autoencoder = try OriginalFile(GoldenModel("vae-quant", on: .cpu()), prefix: "first_stage_model.")
        for key in autoencoder.keys { shapes[key] = autoencoder.info(key)?.shape }
        contents = ModelFileContents(ShapesOnly(shapes))
        #expect(contents.parts.map(\.role) == [.diffusionModel, .textEncoder, .textEncoder, .autoencoder])
        #expect(contents.parts[0].needs.map(\.what) == ["text encoder T5-XXL"])
    }

    @Test("the main sizes are those of the configuration", arguments: ["CLIP-L", "T5-XXL", "Qwen3-4B"])
    func sizes(_ name: String) throws {
        let published = try #require(try PublishedEncoder.all().first { $0.name == name })
        let part = try #require(ModelFileContents(ShapesOnly(published.shapes)).parts.first)
        #expect(part.role == .textEncoder && part.name == name)
        #expect(part.config.count >= 4)
        for (key, value) in part.config {
            #expect(value.integer == (try published.config.int(key, in: 0...10_000_000)), "\(key)")
        }
        #expect(part.needs.count == 1 && part.needs[0].file?.contains("tokenizer.json") == true)
    }

    @Test("the mark of 8-bit floats at the top of a file of several models is used")
    func mark() throws {
        let (folder, url) = try SpelledModel("flux", "scaled_fp8").file.write()
        defer { withExtendedLifetime(folder) {} }
        let device = Device.cpu()
        let file = TamperedFile(
            try WeightsFile(url).open(),
            ["scaled_fp8": .zeros([2], on: device), "other.scaled_fp8": .zeros([2], on: device)])
        let unused = ModelFileContents(file).unused(on: device)
        #expect(unused.keys == ["other.scaled_fp8"] && unused.problems == [])
    }

    @Test func anEncoderThatIsNotSupportedIsNamed() throws {
        let part = try #require(ModelFileContents(ShapesOnly(encoder("Gemma 2, 2304 wide"))).parts.first)
        #expect(part.name == "Gemma 2, 2304 wide" && part.needs.isEmpty)
        #expect(part.problem == "Gemma 2, 2304 wide, is not supported as a text encoder")
    }

    /// As Stable Diffusion's and FLUX.1's are published.
    @Test("autoencoders", arguments: [4, 16])
    func autoencoders(_ channels: Int) throws {
        let part = try #require(
            ModelFileContents(ShapesOnly(publishedAutoencoder(channels: channels))).parts.first)
        #expect(part.role == .autoencoder && part.name == "AutoencoderKL" && part.problem == nil)
        #expect(part.config["latent_channels"]?.integer == channels)
        #expect(part.config["block_out_channels"] == [128, 256, 512, 512])
        #expect(part.config["factor"] == 8 && part.config["layers_per_block"] == 2)
    }

    // MARK: Keys that nothing uses

    @Test(
        "every tensor of a family's file is used, and what is added is not",
        arguments: ["pixart-sigma", "flux2", "flux2-klein", "mmdit-dual"])
    func unused(_ name: String) throws {
        let golden = try GoldenModel(name, on: .cpu())
        for prefix in ["", "model.diffusion_model."] {
            let file = try OriginalFile(golden, prefix: prefix)
            let own = ModelFileContents(file).unused(on: .cpu())
            #expect(own.keys == [] && own.problems == [])
            let more = ModelFileContents(Added(file, ["alien.weight": [2, 3], prefix + "zzz.bias": [4]]))
                .unused(on: .cpu())
            #expect(more.keys == ["alien.weight", prefix + "zzz.bias"] && more.problems == [])
        }
    }

    @Test func encodersUseTheirs() throws {
        for name in ["t5", "qwen3"] {
            let file = try GoldenModel(name, on: .cpu()).renamed { $0 }
            let unused = ModelFileContents(Added(file, ["alien": [1]])).unused(on: .cpu())
            #expect(unused.keys == ["alien"] && unused.problems == [], "\(name)")
        }
    }

    @Test func aPartThatCannotBeMadeIsToldAndItsKeysAreUnused() throws {
        let contents = ModelFileContents(try model("Z-Image"))
        let unused = contents.unused(on: .cpu())
        #expect(
            unused.problems == [
                "the diffusion model Z-Image cannot be made: shapes.safetensors: has shapes alone"
            ])
        #expect(unused.keys.count > 100)
    }
}

/// The tensors of the original Stable Diffusion's autoencoder that tell its size, for latents of so many channels.
func publishedAutoencoder(channels: Int) -> [String: Shape] {
    let widths = [128, 256, 512, 512]
    var shapes: [String: Shape] = [
        "encoder.conv_in.weight": [128, 3, 3, 3], "encoder.conv_out.weight": [2 * channels, 512, 3, 3],
        "decoder.conv_in.weight": [512, channels, 3, 3], "decoder.conv_out.weight": [3, 128, 3, 3],
        "decoder.mid.block_1.conv1.weight": [512, 512, 3, 3],
        "decoder.mid.attn_1.q.weight": [512, 512, 1, 1],
    ]
    for (level, width) in widths.enumerated() {
        for block in 0..<2 {
            shapes["encoder.down.\(level).block.\(block).conv1.weight"] = [width, width, 3, 3]
        }
        for block in 0..<3 {
            shapes["decoder.up.\(level).block.\(block).conv1.weight"] = [width, width, 3, 3]
        }
    }
    return shapes
}

/// A file with more tensors than another has.
private struct Added: TensorSource {
    let place = "added.safetensors"
    let keys: [String]
    private let file: any TensorSource
    private let shapes: [String: Shape]

    init(_ file: any TensorSource, _ shapes: [String: Shape]) {
        (self.file, self.shapes) = (file, shapes)
        keys = file.keys + shapes.keys.sorted()
    }

    func info(_ key: String) -> TensorInfo? {
        shapes[key].map { TensorInfo(name: key, type: .f32, shape: $0, byteCount: 4 * $0.count) }
            ?? file.info(key)
    }

    func tensor(_ key: String, on device: Device) throws -> Tensor { try file.tensor(key, on: device) }

    func bytes(_ key: String, on device: Device) throws -> Tensor { try file.bytes(key, on: device) }
}
