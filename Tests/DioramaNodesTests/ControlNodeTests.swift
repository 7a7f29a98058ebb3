import Diorama
import DioramaImage
import DioramaJSON
import DioramaTensor
import DioramaTestSupport
import FoundationEssentials
import Testing

/// InstructPixToPixConditioning, and runs of tiny models that are shown a control picture.
@Suite(.serialized) struct ControlNodeTests {
    @Test func thePictureComesWithThePromptsAndAnEmptyLatent() async throws {
        let bench = try Workbench()
        let vae = try await bench.checkpoint().vae
        let pixels = bench.noise([1, 27, 38, 3])
        let mask = bench.noise([1, 1, 16, 16])
        var positive = Conditioning([ToyNetwork.prompt(1, on: bench.device)])
        positive.entries[0].inpainting = InpaintingInput(latent: bench.noise([1, 4, 2, 2]), mask: mask)
        let result = try await bench.run(
            "InstructPixToPixConditioning",
            given: [
                "positive": positive, "negative": Conditioning([ToyNetwork.prompt(2, on: bench.device)]),
                "vae": vae, "pixels": ImageBatch(pixels: pixels),
            ])
        // As ComfyUI's node cuts: (27 mod 8) / 2 rows and (38 mod 8) / 2 columns are left out before.
        let cut = pixels.narrowed(axis: 1, 1..<25).narrowed(axis: 2, 3..<35)
        let expected: Latent = try await bench.output(
            of: "VAEEncode", given: ["pixels": ImageBatch(pixels: cut), "vae": vae])
        for output in 0..<2 {
            let prompt = try #require(result.value("node", output: output, as: Conditioning.self))
            let shown = try #require(prompt.entries.first?.inpainting)
            #expect(shown.latent.floats() == expected.samples.floats())
            #expect(shown.mask?.floats() == (output == 0 ? mask.floats() : nil))
            #expect(prompt.entries[0].context.tokens.floats()[0] == Float(output + 1))
        }
        let latent = try #require(result.value("node", output: 2, as: Latent.self))
        #expect(latent.samples.shape == expected.samples.shape)
        #expect(latent.samples.floats().allSatisfy { $0 == 0 })
    }

    /// The graph of ComfyUI's example for FLUX.1 Canny, with a model of its own or with a LoRA that makes one.
    private static func graph(lora: Bool, picture: String) throws -> GraphFile {
        var nodes: JSON.Object = [
            "canny": [
                "class_type": "Canny",
                "inputs": ["low_threshold": 0.1, "high_threshold": 0.3, "image": ["picture", 0]],
            ],
            "picture": ["class_type": "LoadImage", "inputs": ["image": .string(picture)]],
            "model": [
                "class_type": "UNETLoader",
                "inputs": [
                    "unet_name": lora ? "flux1-dev.safetensors" : "flux1-canny-dev.safetensors",
                    "weight_dtype": "default",
                ],
            ],
            "clip": [
                "class_type": "DualCLIPLoader",
                "inputs": [
                    "clip_name1": "clip_l.safetensors", "clip_name2": "t5xxl_fp16.safetensors",
                    "type": "flux",
                ],
            ],
            "vae": ["class_type": "VAELoader", "inputs": ["vae_name": "ae.safetensors"]],
            "text": ["class_type": "CLIPTextEncode", "inputs": ["text": "a ghost", "clip": ["clip", 0]]],
            "guided": [
                "class_type": "FluxGuidance", "inputs": ["guidance": 30, "conditioning": ["text", 0]],
            ],
            "shown": [
                "class_type": "InstructPixToPixConditioning",
                "inputs": [
                    "positive": ["guided", 0], "negative": ["text", 0], "vae": ["vae", 0],
                    "pixels": ["canny", 0],
                ],
            ],
            "decoded": [
                "class_type": "VAEDecode", "inputs": ["samples": ["sampled", 0], "vae": ["vae", 0]],
            ],
            "saved": [
                "class_type": "SaveImage",
                "inputs": ["filename_prefix": "control", "images": ["decoded", 0]],
            ],
        ]
        if lora {
            nodes["lora"] = [
                "class_type": "LoraLoaderModelOnly",
                "inputs": [
                    "lora_name": "flux1-canny-dev-lora.safetensors", "strength_model": 1,
                    "model": ["model", 0],
                ],
            ]
        }
        nodes["sampled"] = [
            "class_type": "KSampler",
            "inputs": [
                "seed": 5, "steps": 2, "cfg": 1, "sampler_name": "euler", "scheduler": "normal", "denoise": 1,
                "model": [lora ? "lora" : "model", 0], "positive": ["shown", 0], "negative": ["shown", 1],
                "latent_image": ["shown", 2],
            ],
        ]
        return try GraphFile(data: Data(JSON.object(nodes).text().utf8))
    }

    @Test func modelsForControlFollowTheirPicture() async throws {
        let models = try TinyModels()
        try models.folder.write(TinyLora.fluxControl, to: "loras/flux1-canny-dev-lora.safetensors")
        let input = try TemporaryFolder()
        for (name, factor) in [("a.png", 7), ("b.png", 5)] {
            let bitmap = try Bitmap(
                width: 64, height: 48, channels: .rgb,
                pixels: (0..<64 * 48 * 3).map { UInt8($0 / 37 * factor % 251) })
            try input.write(try PNG.encode(bitmap), to: name)
        }
        for lora in [false, true] {
            var pictures: [[UInt8]] = []
            for name in ["a.png", "b.png"] {
                let output = try TemporaryFolder()
                let session = Session(
                    nodes: .builtin,
                    options: SessionOptions(
                        folders: Folders(
                            models: [models.folder.url], input: input.url, output: output.url,
                            temp: output.url.appending(path: "temp"))))
                let files = try await session.render(
                    session.graph(Self.graph(lora: lora, picture: name)))
                let file = try #require(files.first)
                let picture = try ImageFile.decode(Array(try Data(contentsOf: file))).converted(to: .rgb)
                #expect(picture.width == 64 && picture.height == 48 && Set(picture.pixels).count > 16)
                pictures.append(picture.pixels)
            }
            #expect(pictures[0] != pictures[1])
        }
    }
}
