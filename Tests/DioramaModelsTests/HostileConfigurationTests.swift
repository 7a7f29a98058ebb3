import DioramaJSON
import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// Case 28 of the project's list of hostile files for every family: configurations with numbers that cannot be, and files whose shapes
/// tell such.
@Suite struct HostileConfigurationTests {
    static let goldens = [
        "flux", "flux2", "chroma", "z-image", "pixart-sigma", "mmdit-dual", "mmdit-plain", "clip-gelu",
        "clip-quick-gelu", "t5", "umt5", "qwen3", "vae-quant", "vae-plain", "vae-flux2",
    ]

    /// In place of every number, list and text of a configuration.
    private static let values = [
        "0", "-1", "1", "2", "3", "5", "7", "1000", "1000000000", "1099511627776", "9223372036854775807",
        "-9223372036854775808", "18446744073709551616", "1e30", "-1e30", "1e308", "1e-300", "0.5", "null",
        "true", "\"5\"", "[]", "[0]", "[3]", "[-1, -1, -1]", "[1000000000, 1000000000, 1000000000]",
        "[2, 2, 1099511627776]", "{}",
    ]

    /// Keys that are told in place of others: what they may be depends on these.
    private static let dependent = [
        "vocab_size": "eos_token_id", "num_layers": "dual_attention_layers", "rope_parameters": "rope_theta",
    ]

    /// Makes a golden's model of another configuration and asks it once.
    private func run(_ golden: GoldenModel, _ name: String, _ config: ModelConfig) throws {
        let weights = golden.weights
        func ask(_ model: some DiffusionModel) throws {
            let keys = golden.fixture.keys
            _ = try model(
                golden["latent"], timestep: golden["timestep"],
                context: TextContext(
                    tokens: golden["context"], pooled: keys.contains("pooled") ? golden["pooled"] : nil))
        }
        switch name {
        case "flux":
            let config = try FluxConfig(config)
            try ask(weights.build { try FluxTransformer($0, config) })
        case "flux2":
            let config = try Flux2Config(config)
            let named = Weights(
                golden.fixture.file, on: golden.fixture.device,
                names: Flux2Transformer.names(config, prefix: "model."))
            try ask(named.build { try Flux2Transformer($0, config) })
        case "chroma":
            let config = try ChromaConfig(config)
            try ask(weights.build { try ChromaTransformer($0, config) })
        case "z-image":
            let config = try ZImageConfig(config)
            try ask(weights.build { try ZImageTransformer($0, config) })
        case "pixart-sigma":
            let config = try PixArtConfig(config)
            try ask(weights.build { try PixArtTransformer($0, config) })
        case "mmdit-dual", "mmdit-plain":
            let config = try SD3Config(config)
            try ask(weights.build { try SD3Transformer($0, config) })
        case "t5", "umt5":
            let config = try T5Config(config)
            let model = try weights.build { try T5EncoderModel($0, config) }
            _ = try model(golden.rows("ids"), on: golden.fixture.device)
        case "qwen3":
            let config = try Qwen3Config(config)
            let model = try weights.build { try Qwen3Model($0, config) }
            _ = try model.states([1], of: golden.rows("ids"), on: golden.fixture.device)
        case "clip-gelu", "clip-quick-gelu":
            let config = try CLIPTextConfig(config)
            let model = try weights.build { try CLIPTextModel($0, config) }
            _ = try model(golden.rows("ids"), on: golden.fixture.device)
        default:
            let config = try AutoencoderKLConfig(config)
            let model = try weights.build { try AutoencoderKL($0, config) }
            _ = try model.decode(golden["latent"])
        }
    }

    /// Either the model is made and runs, for not every number counts, or a sentence names the key, or the tensors that do not fit.
    @Test("case 28: numbers that cannot be are told by their key or by what does not fit", arguments: goldens)
    func configurations(_ name: String) throws {
        let golden = try GoldenModel(name, on: .cpu())
        let own = try golden.configuration
        try run(golden, name, golden.config)
        for key in own.keys {
            for value in Self.values {
                var members = own
                members[key] = try JSON(parsing: Array(value.utf8))
                let config = try ModelConfig(JSON.object(members).text(), place: "config.json")
                do {
                    try run(golden, name, config)
                } catch let error as WeightsError {
                    let text = error.description
                    #expect(
                        text.hasPrefix("config.json")
                            && [key, Self.dependent[key]].contains { text.contains($0 ?? key) }
                            || text.contains("has shape [")
                            || text.contains("expected with shape ["), "\(key) \(value): \(text)")
                } catch let error as ModelInputError {
                    #expect(error.description.contains(" takes "), "\(key) \(value): \(error)")
                }
            }
        }
        #expect(golden.fixture.device.memory.peak < 64 << 20)
    }

    private static let headNorms = [
        "query_norm.scale", "key_norm.scale", "norm_q.weight", "norm_k.weight", "norm_added_q.weight",
        "norm_added_k.weight", "q_norm.weight", "k_norm.weight", "ln_q.weight", "ln_k.weight",
    ]

    @Test(
        "case 28: heads, as a file's norms have them, that do not divide the width",
        arguments: try EveryModel.diffusion(["diffusers", "original"]).filter { model in
            model.file.keys.contains { key in headNorms.contains { key.hasSuffix($0) } }
        }, [1, 5, 7, 112, 1_000_003])
    func heads(_ model: EveryModel, _ width: Int) {
        let norms = model.file.keys.filter { key in Self.headNorms.contains { key.hasSuffix($0) } }
        #expect(!norms.isEmpty)
        let file = model.file.changing(Dictionary(uniqueKeysWithValues: norms.map { ($0, [width]) }))
        let problem = model.problem(file, on: .planning(threads: 1))
        #expect(problem.hasPrefix("planned.safetensors: "), "\(problem)")
    }

    @Test(
        "case 28: more layers than any model has",
        arguments: try EveryModel.diffusion(["diffusers", "original"]), [2000, 1_000_000_000])
    func layers(_ model: EveryModel, _ count: Int) throws {
        let key = try #require(model.middleBlock.first)
        let numbers = count == 2000 ? Array(0..<count) : [count - 1]
        let shape = try #require(model.file.info(key)?.shape)
        var more: [String: Shape?] = [:]
        for number in numbers {
            more[Self.numbered(key, number)] = .some(shape)
        }
        let problem = model.problem(model.file.changing(more), on: .planning(threads: 1))
        #expect(problem.contains("...1024, found \(count)"), "\(problem)")
    }

    @Test("case 28: more layers than any text encoder has", arguments: try EveryModel.encoders())
    func encoderLayers(_ model: EveryModel) throws {
        var more: [String: Shape?] = [:]
        for key in try model.middleBlock where key.contains("norm") {
            let shape = try #require(model.file.info(key)?.shape)
            for number in 0..<1200 {
                more[Self.numbered(key, number)] = .some(shape)
            }
        }
        let problem = model.problem(model.file.changing(more), on: .planning(threads: 1))
        #expect(problem.contains("has more than 1024 layers, such as "), "\(problem)")
    }

    /// The key of a layer with another number.
    private static func numbered(_ key: String, _ number: Int) -> String {
        var steps = key.split(separator: ".").map(String.init)
        if let index = steps.firstIndex(where: { Int($0) != nil }) { steps[index] = String(number) }
        return steps.joined(separator: ".")
    }

    @Test func encodersBeyondMeasureEndTheSearch() {
        let keys = (0..<20_000).map { ("p\($0).layers.0.input_layernorm.weight", Shape([8])) }
        let found = FoundTextEncoder.all(in: ShapesOnly(Dictionary(uniqueKeysWithValues: keys)))
        #expect(found.count == 16)
    }
}
