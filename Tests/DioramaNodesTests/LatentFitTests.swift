import Diorama
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Foundation
import Testing

/// An autoencoder of another model is told before anything runs.
@Suite struct LatentFitTests {
    private let folder: TemporaryFolder
    private let bench: Workbench

    init() throws {
        folder = try TemporaryFolder()
        bench = try Workbench(models: [folder.url])
        for (name, golden) in [("sixteen", 16), ("four", 4)] {
            try folder.write(Self.model(channels: golden), to: "diffusion_models/\(name).safetensors")
        }
        try folder.write(
            Array(try Data(contentsOf: Golden.url("models/vae-tiny.safetensors"))),
            to: "vae/nothing.safetensors")
        for name in ["klein", "z-image"] { try FamilyRun.write(name, to: folder) }
        let golden = try Fixture("models/vae-tiny.safetensors")
        let prefix = "model."
        try folder.write(
            SafetensorsWriter.encode(
                golden.keys.filter { $0.hasPrefix(prefix) }.map {
                    (name: String($0.dropFirst(prefix.count)), tensor: golden[$0])
                }), to: "vae/taesd.safetensors")
    }

    /// The tensors by which a FLUX.1 and its channels are known.
    private static func model(channels: Int) throws -> [UInt8] {
        let device = Device.cpu()
        let tensors: [(String, Shape)] = [
            ("double_blocks.0.img_attn.norm.query_norm.scale", [128]),
            ("img_in.weight", [128, 4 * channels]),
            ("final_layer.linear.weight", [4 * channels, 128]), ("txt_in.weight", [128, 8]),
            ("vector_in.in_layer.weight", [128, 8]),
        ]
        return try SafetensorsWriter.encode(tensors.map { (name: $0.0, tensor: .zeros($0.1, on: device)) })
    }

    private func problems(model: String, vae: String) throws -> String {
        let graph: JSON = [
            "model": [
                "class_type": "UNETLoader",
                "inputs": ["unet_name": .string(model), "weight_dtype": "default"],
            ],
            "shift": [
                "class_type": "ModelSamplingFlux",
                "inputs": [
                    "model": ["model", 0], "max_shift": 1.15, "base_shift": 0.5, "width": 64, "height": 64,
                ],
            ],
            "clip": ["class_type": "CheckpointLoaderSimple", "inputs": ["ckpt_name": "diorama-tiny"]],
            "text": ["class_type": "CLIPTextEncode", "inputs": ["clip": ["clip", 1], "text": "a"]],
            "empty": [
                "class_type": "EmptyLatentImage", "inputs": ["width": 64, "height": 64, "batch_size": 1],
            ],
            "sampler": [
                "class_type": "KSampler",
                "inputs": [
                    "model": ["shift", 0], "seed": 1, "steps": 1, "cfg": 1, "sampler_name": "euler",
                    "scheduler": "simple",
                    "positive": ["text", 0], "negative": ["text", 0], "latent_image": ["empty", 0],
                    "denoise": 1,
                ],
            ],
            "larger": [
                "class_type": "LatentUpscaleBy",
                "inputs": ["samples": ["sampler", 0], "upscale_method": "bilinear", "scale_by": 2],
            ],
            "vae": ["class_type": "VAELoader", "inputs": ["vae_name": .string(vae)]],
            "decode": [
                "class_type": "VAEDecode", "inputs": ["samples": ["larger", 0], "vae": ["vae", 0]],
            ],
            "save": [
                "class_type": "SaveImage", "inputs": ["images": ["decode", 0], "filename_prefix": "x"],
            ],
        ]
        let file = try GraphFile(data: Data(graph.text().utf8))
        do {
            _ = try Graph(file, catalog: .builtin, environment: bench.engine.environment)
            return ""
        } catch { return "\(error)" }
    }

    @Test func channelsThatDifferAreOneProblemOfTheGraph() throws {
        let wrong = try problems(model: "sixteen.safetensors", vae: "taesd.safetensors")
        #expect(
            wrong.contains(
                "decode (VAEDecode): \"vae\": the autoencoder takes latents of 4 channels, but the model of the sampler makes them of 16"
            ),
            "\(wrong)")
        #expect(try problems(model: "four.safetensors", vae: "taesd.safetensors") == "")
    }

    /// Tiny ones have 16 channels in place of 128, four cells in one, and 4 in place of 16.
    @Test(
        "FLUX.2's autoencoder with another family's model, and the reverse",
        arguments: [("klein", 16), ("z-image", 4)])
    func packedLatents(_ model: String, _ channels: Int) throws {
        let (vae, other) = model == "klein" ? ("z-image", 4) : ("klein", 16)
        let wrong = try problems(model: "\(model).safetensors", vae: "\(vae).safetensors")
        #expect(
            wrong.contains(
                "the autoencoder takes latents of \(other) channels, but the model of the sampler makes them of \(channels)"
            ), "\(wrong)")
        #expect(try problems(model: "\(model).safetensors", vae: "\(model).safetensors") == "")
    }

    /// Its loader tells what is wrong with it.
    @Test func aFileThatTellsNothingIsNoProblemYet() throws {
        #expect(try problems(model: "sixteen.safetensors", vae: "nothing.safetensors") == "")
    }
}
