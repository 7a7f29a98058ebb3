import Diorama
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// A ControlNet of another model is told before anything runs.
@Suite struct ControlFitTests {
    private let folder: TemporaryFolder
    private let bench: Workbench

    init() throws {
        folder = try TemporaryFolder()
        bench = try Workbench(models: [folder.url])
        let flux: [(String, Shape)] = [
            ("double_blocks.0.img_attn.norm.query_norm.scale", [128]), ("img_in.weight", [128, 64]),
            ("final_layer.linear.weight", [64, 128]), ("txt_in.weight", [128, 4096]),
            ("vector_in.in_layer.weight", [128, 768]),
        ]
        try folder.write(Self.bytes(flux), to: "diffusion_models/flux.safetensors")
        try folder.write(
            Self.bytes([
                ("cap_embedder.1.weight", [64, 2560]), ("x_pad_token", [1, 64]),
                ("x_embedder.weight", [64, 64]), ("layers.0.attention.q_norm.weight", [32]),
            ]), to: "diffusion_models/narrow.safetensors")
        for (golden, name, place) in [
            ("comfyui/zimage_control", "transformer", "diffusion_models/z_image"),
            ("comfyui/zimage_control", "2.1", "model_patches/fun"),
            ("models/controlnet", "transformer", "diffusion_models/sd3"),
            ("models/controlnet", "original", "controlnet/canny"),
        ] {
            let text = try #require(Fixture("\(golden).safetensors").metadata["tensors"])
            let rows = try #require(JSON(parsing: Array(text.utf8))[name]?.array)
            let shapes = try rows.map { row in
                let pair = try #require(row.array)
                return (
                    try #require(pair[0].string),
                    Shape(try #require(pair[1].array).compactMap(\.integer))
                )
            }
            try folder.write(Self.bytes(shapes), to: "\(place).safetensors")
        }
    }

    private static func bytes(_ shapes: [(String, Shape)]) throws -> [UInt8] {
        try SafetensorsWriter.encode(shapes.map { (name: $0.0, tensor: .zeros($0.1, on: .cpu())) })
    }

    private func problems(_ model: String) throws -> String {
        let graph: JSON = [
            "model": [
                "class_type": "UNETLoader",
                "inputs": ["unet_name": .string(model + ".safetensors"), "weight_dtype": "default"],
            ],
            "shift": [
                "class_type": "ModelSamplingAuraFlow", "inputs": ["model": ["model", 0], "shift": 3],
            ],
            "checkpoint": ["class_type": "CheckpointLoaderSimple", "inputs": ["ckpt_name": "diorama-tiny"]],
            "text": ["class_type": "CLIPTextEncode", "inputs": ["clip": ["checkpoint", 1], "text": "a"]],
            "picture": ["class_type": "EmptyImage", "inputs": ["width": 64, "height": 64]],
            "patch": ["class_type": "ModelPatchLoader", "inputs": ["name": "fun.safetensors"]],
            "qwen": [
                "class_type": "QwenImageDiffsynthControlnet",
                "inputs": [
                    "model": ["shift", 0], "model_patch": ["patch", 0], "vae": ["checkpoint", 2],
                    "image": ["picture", 0], "strength": 1,
                ],
            ],
            "fun": [
                "class_type": "ZImageFunControlnet",
                "inputs": [
                    "model": ["qwen", 0], "model_patch": ["patch", 0], "vae": ["checkpoint", 2],
                    "strength": 1,
                ],
            ],
            "canny": [
                "class_type": "ControlNetLoader", "inputs": ["control_net_name": "canny.safetensors"],
            ],
            "apply": [
                "class_type": "ControlNetApplyAdvanced",
                "inputs": [
                    "positive": ["text", 0], "negative": ["text", 0], "control_net": ["canny", 0],
                    "image": ["picture", 0], "strength": 1, "start_percent": 0, "end_percent": 1,
                    "vae": ["checkpoint", 2],
                ],
            ],
            "zero": ["class_type": "ConditioningZeroOut", "inputs": ["conditioning": ["apply", 0]]],
            "empty": [
                "class_type": "EmptySD3LatentImage",
                "inputs": ["width": 64, "height": 64, "batch_size": 1],
            ],
            "sampler": [
                "class_type": "KSampler",
                "inputs": [
                    "model": ["shift", 0], "seed": 1, "steps": 1, "cfg": 1, "sampler_name": "euler",
                    "scheduler": "simple", "positive": ["zero", 0], "negative": ["text", 0],
                    "latent_image": ["empty", 0], "denoise": 1,
                ],
            ],
        ]
        do {
            _ = try Graph(
                GraphFile(["prompt": graph]), catalog: .builtin, environment: bench.engine.environment,
                targets: ["sampler", "fun"])
            return ""
        } catch { return "\(error)" }
    }

    @Test(
        "a patch of another family or width",
        arguments: [
            ("flux", "this model is FLUX.1: load a ControlNet that was made for it"),
            ("sd3", "this model is Stable Diffusion 3: load a ControlNet that was made for it"),
            ("narrow", "this model is 64 wide: load the ControlNet of this size of the model"),
        ])
    func patches(_ model: String, _ expected: String) throws {
        let wrong = try problems(model)
        for node in ["qwen (QwenImageDiffsynthControlnet)", "fun (ZImageFunControlnet)"] {
            #expect(
                wrong.contains(
                    "\(node): \"model_patch\": the ControlNet is for a Z-Image that is 96 wide, and \(expected)"
                ),
                "\(wrong)")
        }
    }

    @Test(
        "a ControlNet on a prompt",
        arguments: [("flux", "this model is FLUX.1"), ("z_image", "this model is Z-Image")])
    func prompts(_ model: String, _ expected: String) throws {
        let wrong = try problems(model)
        #expect(
            wrong.contains(
                "sampler (KSampler): \"positive\": the ControlNet is for a Stable Diffusion 3 that is 64 wide, and \(expected): load a "
                    + "ControlNet that was made for it"), "\(wrong)")
        #expect(!wrong.contains("\"negative\""))
    }

    @Test func whatBelongsTogetherIsNoProblem() throws {
        #expect(try !problems("z_image").contains("model_patch"))
        #expect(try !problems("sd3").contains("KSampler"))
    }
}
