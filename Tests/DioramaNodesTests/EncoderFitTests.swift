import Diorama
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// A text encoder of another model is told before anything runs.
@Suite struct EncoderFitTests {
    private let folder: TemporaryFolder
    private let bench: Workbench

    init() throws {
        folder = try TemporaryFolder()
        bench = try Workbench(models: [folder.url])
        for (name, shapes) in Self.models {
            try folder.write(Self.bytes(shapes), to: "diffusion_models/\(name).safetensors")
        }
        for (name, shapes) in Self.encoders {
            try folder.write(Self.bytes(shapes), to: "text_encoders/\(name).safetensors")
        }
    }

    private static func bytes(_ shapes: [(String, Shape)]) throws -> [UInt8] {
        try SafetensorsWriter.encode(shapes.map { (name: $0.0, tensor: .zeros($0.1, on: .cpu())) })
    }

    /// The tensors by which models and the widths of their texts are known.
    private static let models: [(String, [(String, Shape)])] = [
        (
            "z_image",
            [
                ("cap_embedder.1.weight", [64, 2560]), ("x_pad_token", [1, 64]),
                ("x_embedder.weight", [64, 64]), ("layers.0.attention.q_norm.weight", [32]),
            ]
        ),
        (
            "klein_4b",
            [
                ("double_stream_modulation_img.lin.weight", [6, 1]), ("img_in.weight", [128, 128]),
                ("txt_in.weight", [128, 7680]), ("time_in.in_layer.weight", [128, 256]),
                ("double_blocks.0.img_attn.norm.query_norm.scale", [128]),
                ("double_blocks.0.img_mlp.2.weight", [128, 384]),
            ]
        ),
        (
            "flux",
            [
                ("double_blocks.0.img_attn.norm.query_norm.scale", [128]), ("img_in.weight", [128, 64]),
                ("final_layer.linear.weight", [64, 128]), ("txt_in.weight", [128, 4096]),
                ("vector_in.in_layer.weight", [128, 768]),
            ]
        ),
    ]

    private static let encoders: [(String, [(String, Shape)])] = [
        ("qwen_4b", qwen3(2560)), ("qwen_8b", qwen3(4096)), ("t5xxl", t5(4096)), ("t5_base", t5(768)),
        (
            "clip_l",
            [
                ("text_model.encoder.layers.0.mlp.fc1.weight", [8, 768]),
                ("text_model.embeddings.token_embedding.weight", [2, 768]),
            ]
        ),
    ]

    private static func qwen3(_ width: Int) -> [(String, Shape)] {
        [
            ("model.embed_tokens.weight", [2, width]), ("model.layers.0.input_layernorm.weight", [width]),
            ("model.layers.0.self_attn.q_norm.weight", [128]),
        ]
    }

    private static func t5(_ width: Int) -> [(String, Shape)] {
        [
            ("shared.weight", [2, width]), ("encoder.block.0.layer.0.SelfAttention.q.weight", [2, width]),
            ("encoder.block.0.layer.1.DenseReluDense.wi_0.weight", [2, width]),
        ]
    }

    private func problems(_ model: String, _ type: String, _ encoders: [String]) throws -> String {
        var loader: JSON.Object = ["type": .string(type)]
        for (index, name) in encoders.enumerated() {
            loader[encoders.count == 1 ? "clip_name" : "clip_name\(index + 1)"] = .string(
                name + ".safetensors")
        }
        let graph: JSON = [
            "model": [
                "class_type": "UNETLoader",
                "inputs": ["unet_name": .string(model + ".safetensors"), "weight_dtype": "default"],
            ],
            "shift": [
                "class_type": "ModelSamplingAuraFlow", "inputs": ["model": ["model", 0], "shift": 3],
            ],
            "clip": [
                "class_type": .string(encoders.count == 1 ? "CLIPLoader" : "DualCLIPLoader"),
                "inputs": .object(loader),
            ],
            "last": [
                "class_type": "CLIPSetLastLayer",
                "inputs": ["clip": ["clip", 0], "stop_at_clip_layer": -1],
            ],
            "text": ["class_type": "CLIPTextEncode", "inputs": ["clip": ["last", 0], "text": "a"]],
            "zero": ["class_type": "ConditioningZeroOut", "inputs": ["conditioning": ["text", 0]]],
            "empty": [
                "class_type": "EmptySD3LatentImage",
                "inputs": ["width": 64, "height": 64, "batch_size": 1],
            ],
            "sampler": [
                "class_type": "KSampler",
                "inputs": [
                    "model": ["shift", 0], "seed": 1, "steps": 1, "cfg": 1, "sampler_name": "euler",
                    "scheduler": "simple", "positive": ["zero", 0], "negative": ["zero", 0],
                    "latent_image": ["empty", 0], "denoise": 1,
                ],
            ],
            "guider": [
                "class_type": "BasicGuider",
                "inputs": ["model": ["model", 0], "conditioning": ["text", 0]],
            ],
        ]
        let file = try GraphFile(["prompt": graph])
        do {
            _ = try Graph(
                file, catalog: .builtin, environment: bench.engine.environment,
                targets: ["sampler", "guider"])
            return ""
        } catch { return "\(error)" }
    }

    @Test(
        "widths that differ name both, and what to load",
        arguments: [
            (
                "z_image", "lumina2", ["qwen_8b"],
                "Qwen3-8B for Z-Image (type lumina2) and gives 4096 features a token, but the model, Z-Image, takes 2560 features a token: "
                    + "load Qwen3-4B with CLIPLoader, type lumina2"
            ),
            (
                "z_image", "flux2", ["qwen_4b"],
                "Qwen3-4B for FLUX.2 klein (type flux2) and gives 7680 features a token, but the model, Z-Image, takes 2560 features a token"
            ),
            (
                "z_image", "chroma", ["t5xxl"],
                "T5-XXL for Chroma (type chroma) and gives 4096 features a token, but the model, Z-Image, takes 2560 features a token"
            ),
            (
                "klein_4b", "flux2", ["qwen_8b"],
                "Qwen3-8B for FLUX.2 klein (type flux2) and gives 12288 features a token, but the model, FLUX.2, takes 7680 features a token: "
                    + "load Qwen3-4B with CLIPLoader, type flux2"
            ),
            (
                "flux", "chroma", ["t5xxl"],
                "T5-XXL for Chroma (type chroma) and gives 4096 features a token, but the model, FLUX.1, takes 4096 features a token and "
                    + "768 pooled: load CLIP-L and T5-XXL with DualCLIPLoader, type flux"
            ),
            (
                "flux", "sd3", ["clip_l", "t5xxl"],
                "CLIP-L with T5-XXL for Stable Diffusion 3 (type sd3) and gives 4096 features a token and 2048 pooled, but"
            ),
            (
                "flux", "flux", ["clip_l", "t5_base"],
                "CLIP-L with T5-Base for FLUX.1 (type flux) and gives 768 features a token and 768 pooled, but the model, FLUX.1, takes 4096"
            ),
        ])
    func misfits(_ model: String, _ type: String, _ encoders: [String], _ expected: String) throws {
        let wrong = try problems(model, type, encoders)
        for input in ["sampler (KSampler): \"positive\"", "guider (BasicGuider): \"conditioning\""] {
            #expect(wrong.contains("\(input): the text encoder is \(expected)"), "\(wrong)")
        }
        #expect(!wrong.contains("\"negative\""))
    }

    @Test(
        "what belongs together is no problem",
        arguments: [
            ("z_image", "lumina2", ["qwen_4b"]), ("klein_4b", "flux2", ["qwen_4b"]),
            ("flux", "flux", ["t5xxl", "clip_l"]),
        ])
    func fits(_ model: String, _ type: String, _ encoders: [String]) throws {
        #expect(try problems(model, type, encoders) == "")
    }
}
