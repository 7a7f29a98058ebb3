import Diorama
import DioramaModels
import DioramaTensor
import DioramaTestSupport
import FoundationEssentials
import Testing

/// Nodes of vision and style models, against ComfyUI's own (`tools/golden/clip_vision.py`), and what wrong files are told.
@Suite struct StyleNodeTests {
    private let folder: TemporaryFolder
    private let bench: Workbench
    private let golden: Fixture

    init() throws {
        folder = try TemporaryFolder()
        bench = try Workbench(models: [folder.url])
        golden = try VisionGolden.fixture(on: bench.device)
        for name in ["siglip", "clip"] {
            try folder.write(VisionGolden.file(name).bytes, to: "clip_vision/\(name).safetensors")
        }
        try folder.write(VisionGolden.file("redux").bytes, to: "style_models/redux.safetensors")
    }

    /// Applies the style of the first picture, then that of both.
    private func styled(
        _ context: TextContext, _ steps: [(strength: Double, type: String)]
    ) async throws -> TextContext {
        let style: StyleModel = try await bench.output(
            of: "StyleModelLoader", ["style_model_name": "redux.safetensors", "precision": "f32"])
        let vision: CLIPVision = try await bench.output(
            of: "CLIPVisionLoader", ["clip_name": "siglip.safetensors", "precision": "f32"])
        let picture = golden["picture"].asType(.f32)
        var prompt = Conditioning([context])
        for (number, step) in steps.enumerated() {
            let images = ImageBatch(pixels: picture[0..<min(number + 1, picture.shape[0])])
            let seen: CLIPVisionOutput = try await bench.output(
                of: "CLIPVisionEncode", ["crop": "center"], given: ["clip_vision": vision, "image": images])
            #expect(seen.states.last.shape[0] == images.count)
            prompt = try await bench.output(
                of: "StyleModelApply",
                ["strength": .double(step.strength), "strength_type": .string(step.type)],
                given: ["conditioning": prompt, "style_model": style, "clip_vision_output": seen])
        }
        return try #require(prompt.entries.first?.context)
    }

    /// The steps of the script.
    private static let steps: [String: [(strength: Double, type: String)]] = [
        "multiply": [(0.5, "multiply")], "bias": [(0.25, "attn_bias")],
        "both": [(0.25, "attn_bias"), (3, "attn_bias")],
        "behind": [(0.7, "multiply"), (1.5, "attn_bias")],
        "before": [(1.5, "attn_bias"), (0.7, "multiply")],
    ]

    @Test(
        "prompts with styles, and the velocities with them", arguments: ["flux", "chroma"],
        Self.steps.keys.sorted())
    func styles(_ family: String, _ name: String) async throws {
        let spelled = try SpelledModel(family, "float16")
        let (file, url) = try spelled.file.write()
        defer { withExtendedLifetime(file) {} }
        let inputs = try spelled.golden(on: bench.device)
        let text = TextContext(
            tokens: inputs["context"], pooled: family == "flux" ? inputs["pooled"] : nil)
        var context = try await styled(text, try #require(Self.steps[name]))
        if family == "flux" {
            #expect(relativeError(context.tokens, golden["styled.\(name)"]) < Tolerance.f32.block)
        }
        context.guidance = .scale(2.5)
        let model = try DiffusionFile(WeightsFile(url).open()).load(on: bench.device, precision: .f32).model
        func velocity(_ context: TextContext) throws -> Tensor {
            try model(inputs["latent"], timestep: inputs["timestep"], context: context)
        }
        let expected = golden["velocity.\(family).\(name)"]
        let error: Float = relativeError(try velocity(context), expected)
        figure("\(family), style \(name): relative \(error)")
        #expect(error < Tolerance.f32.block)
        if name != "multiply" {
            var plain = context
            plain.styles = []
            #expect(relativeError(try velocity(plain), expected) > 10 * Tolerance.f32.block)
        }
        // Two of them at once are as each alone.
        let pair = try #require(TextContext.batch([context, context]))
        let twice = try model(
            inputs["latent"].repeated(2, axis: 0), timestep: inputs["timestep"].repeated(2, axis: 0),
            context: pair)
        #expect(relativeError(twice[0..<1], expected) < Tolerance.f32.block)
    }

    /// By strength 0 the style is as if it were not there, but for its own tokens.
    @Test func strengthOfZero() async throws {
        let spelled = try SpelledModel("flux", "float16")
        let (file, url) = try spelled.file.write()
        defer { withExtendedLifetime(file) {} }
        let inputs = try spelled.golden(on: bench.device)
        let text = TextContext(tokens: inputs["context"], pooled: inputs["pooled"])
        let context = try await styled(text, [(0, "attn_bias")])
        #expect(context.tokens.shape[1] == text.tokens.shape[1] + 16)
        let model = try DiffusionFile(WeightsFile(url).open()).load(on: bench.device, precision: .f32).model
        let (with, without) = try (
            model(inputs["latent"], timestep: inputs["timestep"], context: context),
            model(inputs["latent"], timestep: inputs["timestep"], context: text)
        )
        #expect(relativeError(with, without) < Tolerance.f32.block)
    }

    @Test func widthsThatDoNotFitAreTold() async throws {
        let prompt = Conditioning([TextContext(tokens: .zeros([1, 3, 32], on: bench.device))])
        let style: StyleModel = try await bench.output(
            of: "StyleModelLoader", ["style_model_name": "redux.safetensors"])
        func failure(_ name: String) async throws -> String {
            let vision: CLIPVision = try await bench.output(
                of: "CLIPVisionLoader", ["clip_name": .string(name)])
            let seen: CLIPVisionOutput = try await bench.output(
                of: "CLIPVisionEncode",
                given: ["clip_vision": vision, "image": ImageBatch(pixels: bench.noise([1, 5, 6, 3]))])
            return await bench.failure(
                of: "StyleModelApply",
                given: ["conditioning": prompt, "style_model": style, "clip_vision_output": seen]) ?? ""
        }
        #expect(
            try await failure("clip.safetensors").contains(
                "the vision model gives states 64 wide, but the style model takes them 128 wide: load the one that it was made for"
            ))
        #expect(
            try await failure("siglip.safetensors").contains(
                "has tokens of 32 values, those of the style model have 64"))
    }

    // MARK: Before a run

    private func problems(_ vision: String, _ style: String) throws -> String {
        let graph: JSON = [
            "vision": ["class_type": "CLIPVisionLoader", "inputs": ["clip_name": .string(vision)]],
            "style": ["class_type": "StyleModelLoader", "inputs": ["style_model_name": .string(style)]],
            "image": [
                "class_type": "EmptyImage",
                "inputs": ["width": 64, "height": 64, "batch_size": 1, "color": 0],
            ],
            "seen": [
                "class_type": "CLIPVisionEncode",
                "inputs": ["clip_vision": ["vision", 0], "image": ["image", 0], "crop": "none"],
            ],
            "prompt": ["class_type": "Given", "inputs": ["name": "prompt"]],
            "styled": [
                "class_type": "StyleModelApply",
                "inputs": [
                    "conditioning": ["prompt", 0], "style_model": ["style", 0],
                    "clip_vision_output": ["seen", 0], "strength": 1, "strength_type": "multiply",
                ],
            ],
        ]
        do {
            _ = try Graph(
                GraphFile(["prompt": graph]), catalog: .builtin + [Given.self],
                environment: bench.engine.environment, targets: ["styled"])
            return ""
        } catch { return "\(error)" }
    }

    @Test func wrongFilesAreToldBeforeARun() throws {
        try folder.write(VisionGolden.file("redux").bytes, to: "clip_vision/redux.safetensors")
        try folder.write(VisionGolden.file("siglip").bytes, to: "style_models/siglip.safetensors")
        let text = SpeltFile(entries: [
            ("text_model.encoder.layers.0.mlp.fc1.weight", [8, 768], "F16"),
            ("text_model.embeddings.token_embedding.weight", [2, 768], "F16"),
        ])
        try folder.write(text.bytes, to: "clip_vision/clip_l.safetensors")
        #expect(try problems("siglip.safetensors", "redux.safetensors") == "")
        #expect(
            try problems("clip.safetensors", "redux.safetensors").contains(
                "the vision model gives states 64 wide, but the style model takes them 128 wide"))
        #expect(
            try problems("redux.safetensors", "redux.safetensors").contains(
                "the file holds no vision model known here; it looks like a style model (FLUX.1 Redux): load it with Load Style Model"
            ))
        #expect(
            try problems("clip_l.safetensors", "redux.safetensors").contains(
                "the file holds no vision model known here; it looks like a CLIP text encoder, CLIP-L: load it with Load CLIP"
            ))
        #expect(
            try problems("siglip.safetensors", "siglip.safetensors").contains(
                "the file holds no style model known here; it looks like a vision model (SigLIP): load it with Load CLIP Vision"
            ))
        #expect(try !problems("missing.safetensors", "redux.safetensors").isEmpty)
    }
}
