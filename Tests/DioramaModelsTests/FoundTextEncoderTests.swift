import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

@Suite struct FoundTextEncoderTests {
    private static let prefixes = [
        "", "text_encoders.t5xxl.transformer.", "text_encoders.clip_l.transformer.", "cond_stage_model.",
        "cond_stage_model.transformer.", "cond_stage_model.model.", "conditioner.embedders.0.transformer.",
        "conditioner.embedders.1.model.", "text_encoders.qwen3_4b.transformer.",
    ]

    @Test("published encoders are told apart, by any prefix", arguments: try PublishedEncoder.all())
    func tellsApart(_ encoder: PublishedEncoder) throws {
        for prefix in Self.prefixes {
            for shapes in [encoder.shapes, encoder.shapesInGGUF].compactMap({ $0 }) {
                let source = ShapesOnly(
                    Dictionary(uniqueKeysWithValues: shapes.map { (prefix + $0, $1) }))
                let found = FoundTextEncoder.all(in: source)
                #expect(found.map(\.kind.description) == [encoder.kind])
                #expect(TextEncoderKind(of: source).description == encoder.kind)
                guard case .unknown = found[0].kind else {
                    #expect(found[0].prefix == prefix)
                    continue
                }
            }
        }
    }

    @Test("shapes tell what configurations say", arguments: try PublishedEncoder.all())
    func shapesTellTheConfiguration(_ encoder: PublishedEncoder) throws {
        for shapes in [encoder.shapes, encoder.shapesInGGUF].compactMap({ $0 }) {
            let source = ShapesOnly(shapes)
            let found = try #require(FoundTextEncoder.all(in: source).first)
            let weights = Weights(source, on: .cpu(), names: found.names)
            switch found.kind {
            case .clipL, .clipG, .clipH:
                #expect(try CLIPTextConfig(shapesOf: weights) == CLIPTextConfig(encoder.config))
            case .t5, .umt5:
                #expect(try T5Config(shapesOf: weights) == T5Config(encoder.config))
            case .qwen3:
                // The configuration of the file has no base of wavelengths; only the sizes are compared.
                let told = try Qwen3Config(shapesOf: weights)
                #expect(told.width == (try encoder.config.int("hidden_size", in: 1...10_000)))
                #expect(told.heads == (try encoder.config.int("num_attention_heads", in: 1...100)))
                #expect(told.keyHeads == (try encoder.config.int("num_key_value_heads", in: 1...100)))
                #expect(told.headWidth == (try encoder.config.int("head_dim", in: 1...1000)))
                #expect(told.innerWidth == (try encoder.config.int("intermediate_size", in: 1...100_000)))
                #expect(told.layers == encoder.layers)
                #expect(told.vocabulary == (try encoder.config.int("vocab_size", in: 1...1_000_000)))
            case .unknown: break
            }
        }
    }

    @Test func namesOfKinds() throws {
        let kinds = try Set(PublishedEncoder.all().map { TextEncoderKind(of: ShapesOnly($0.shapes)) })
        let known: Set<TextEncoderKind> = [
            .clipL, .clipG, .clipH, .t5XXL, .t5(width: 2048), .umt5(width: 4096), .qwen3(width: 1024),
            .qwen3(width: 2048), .qwen3(width: 2560), .qwen3(width: 4096),
        ]
        #expect(kinds.isSuperset(of: known))
        #expect(TextEncoderKind.t5(width: 20).description == "T5 of width 20")
    }

    @Test func aCheckpointHasSeveral() throws {
        let all = try PublishedEncoder.all()
        func shapes(_ kind: String, _ prefix: String) throws -> [(String, Shape)] {
            try #require(all.first { $0.name == kind }).shapes.map { (prefix + $0, $1) }
        }
        let l = "text_encoders.clip_l.transformer."
        let g = "text_encoders.clip_g.transformer."
        let t5 = "text_encoders.t5xxl.transformer."
        let source = try ShapesOnly(
            Dictionary(
                uniqueKeysWithValues: shapes("CLIP-L", l) + shapes("CLIP-G", g) + shapes("T5-XXL", t5)
                    + [("model.diffusion_model.x_embedder.proj.weight", [1536, 16, 2, 2])]))
        let found = FoundTextEncoder.all(in: source)
        #expect(found.map(\.prefix) == [g, l, t5])
        #expect(found.map(\.kind) == [.clipG, .clipL, .t5XXL])
    }

    @Test("files without text encoder say what they begin with")
    func others() {
        let picture = ShapesOnly([
            "vision_model.encoder.layers.0.mlp.fc1.weight": [4096, 1024],
            "visual.transformer.resblocks.0.mlp.c_fc.weight": [4096, 1024],
        ])
        #expect(FoundTextEncoder.all(in: picture).isEmpty)
        #expect(
            TextEncoderKind(of: picture)
                == .unknown(
                    "no text encoder: it begins with vision_model.encoder.layers.0.mlp.fc1.weight, visual.transformer.resblocks.0.mlp.c_fc.weight"
                ))
        #expect(TextEncoderKind(of: ShapesOnly([:])) == .unknown("a file without tensors"))
    }

    /// llama.cpp's files of Qwen3 and of Qwen3-VL's language model have the same tensors.
    @Test func theArchitectureOfAGGUFFileCounts() throws {
        let qwen3 = try #require(try PublishedEncoder.all().first { $0.name == "Qwen3-4B" })
        let shapes = try #require(qwen3.shapesInGGUF)
        let file = ShapesOnly(shapes, metadata: ["general.architecture": "qwen3vl"])
        #expect(TextEncoderKind(of: file).description == "Qwen3-VL, 2560 wide")
    }
}

/// Names and shapes of a published encoder's tensors; written by `tools/golden/encoders.py`.
struct PublishedEncoder: Sendable, CustomTestStringConvertible {
    let name: String
    let kind: String
    let layers: Int
    let config: ModelConfig
    let shapes: [String: Shape]
    /// By llama.cpp's names; nil where it has none for the encoder.
    let shapesInGGUF: [String: Shape]?

    var testDescription: String { name }

    static func all() throws -> [PublishedEncoder] {
        let file = try ModelConfig(contentsOf: Golden.url("models/encoder-shapes.json"))
        let encoders = try #require(try file.section("encoders"))
        return try encoders.keys.map { name in
            try PublishedEncoder(name, #require(try encoders.section(name)))
        }
    }

    private init(_ name: String, _ entry: ModelConfig) throws {
        self.name = name
        kind = try entry.string("kind")
        layers = try entry.int("layers", in: 1...100)
        config = try #require(try entry.section("config"))
        let tensors = try #require(try entry.section("tensors"))
        let names = try entry.section("gguf")
        var (own, gguf) = ([String: Shape](), [String: Shape]())
        for pattern in tensors.keys {
            let shape = Shape(try tensors.ints(pattern, in: 1...1_000_000))
            let other = names?.contains(pattern) == true ? try names?.string(pattern) : nil
            for layer in 0..<(pattern.contains("*") ? layers : 1) {
                own[pattern.replacing("*", with: String(layer))] = shape
                if let other { gguf[other.replacing("*", with: String(layer))] = shape }
            }
        }
        shapes = own
        shapesInGGUF = gguf.isEmpty ? nil : gguf
    }
}
