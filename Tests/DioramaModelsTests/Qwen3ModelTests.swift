import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

@Suite struct Qwen3ModelTests {
    /// Two heads of keys for four of queries; two sequences, seen whole and in part; names without `model.`.
    @Test("agrees with transformers", arguments: Device.available)
    func agrees(on device: Device) throws {
        let golden = try GoldenModel("qwen3", on: device)
        let weights = golden.weights
        let model = try Qwen3Model(weights, Qwen3Config(golden.config))
        let ids = golden.rows("ids")
        let whole = try model.states([0, 1, 2, 3], of: ids, on: device)
        let lengths = golden["lengths"].ints()
        let part = try model.states([0, 1, 2, 3], of: ids, lengths: lengths, on: device)

        for (layer, states) in zip(whole, part).enumerated() {
            #expect(relativeError(states.0, golden["hidden.\(layer)"]) < Tolerance.f32.block)
            #expect(relativeError(states.1, golden["masked.\(layer)"]) < Tolerance.f32.block)
        }
        #expect(weights.unusedKeys.allSatisfy { !$0.hasPrefix("model.") })
    }

    @Test func statesComeInTheOrderAskedForAndCountFromBothEnds() throws {
        let golden = try GoldenModel("qwen3", on: .cpu())
        let model = try Qwen3Model(golden.weights, Qwen3Config(golden.config))
        let states = try model.states([-1, 1, -2, 1], of: golden.rows("ids"), on: golden.fixture.device)
        for (state, layer) in zip(states, [3, 1, 2, 1]) {
            #expect(relativeError(state, golden["hidden.\(layer)"]) < Tolerance.f32.block)
        }
    }

    /// The last of three layers is not in the file at all; then it is, and counts as taken.
    @Test("only the layers up to the last wanted one are read", arguments: [true, false])
    func readsOnlyWantedLayers(isGGUF: Bool) throws {
        let golden = try GoldenModel("qwen3", on: .cpu())
        let config = try Qwen3Config(golden.config)
        let names = try golden.names("gguf")
        let spelling = { (key: String) in isGGUF ? names[key] : "model." + key }
        let device = golden.fixture.device
        let cut = try golden.renamed { key in key.hasPrefix("layers.2.") ? nil : spelling(key) }
        for source in [cut, try golden.renamed(spelling)] {
            let weights = Weights(source, on: device, names: Qwen3Model.names())
            let model = try Qwen3Model(weights, config, lastLayer: config.layer(ofState: -2))
            let state = try model.states([-2], of: golden.rows("ids"), on: device)[0]
            #expect(relativeError(state, golden["hidden.2"]) < Tolerance.f32.block)
            #expect(weights.unusedKeys.isEmpty)
            #expect(throws: ModelInputError.self) {
                try model.states([-1], of: golden.rows("ids"), on: device)
            }
        }
        #expect(throws: WeightsError.self) {
            try Qwen3Model(Weights(cut, on: device, names: Qwen3Model.names()), config)
        }
    }

    /// With and without `model.`, and llama.cpp's names by gguf-py's table, in a file of their own and in one with others.
    @Test("other spellings give the same", arguments: ["", "text_encoders.qwen3_4b.transformer."])
    func otherSpellings(prefix: String) throws {
        let golden = try GoldenModel("qwen3", on: .cpu())
        let ids = golden.rows("ids")
        let config = try Qwen3Config(golden.config)
        let device = golden.fixture.device
        let expected = try Qwen3Model(golden.weights, config).states([3], of: ids, on: device)[0]
        let ggufNames = try golden.names("gguf")
        let spellings: [(String) throws -> String] = [
            { $0 }, { "model." + $0 }, { try #require(ggufNames[$0]) },
        ]
        for spelling in spellings {
            let source = try golden.renamed { prefix + (try spelling($0)) }
            let found = try #require(FoundTextEncoder.all(in: source).first)
            #expect(found.prefix == prefix && found.kind == .qwen3(width: 20))
            let weights = Weights(source, on: device, names: found.names)
            let told = try Qwen3Config(shapesOf: weights)
            #expect([told.vocabulary, told.width, told.heads, told.keyHeads] == [60, 20, 4, 2])
            #expect([told.headWidth, told.innerWidth, told.layers] == [8, 28, 3])
            #expect(told.theta == 1e6 && told.eps == 1e-6)
            let model = try Qwen3Model(weights, told)
            #expect(maxError(try model.states([3], of: ids, on: device)[0], expected) == 0)
            #expect(weights.unusedKeys.isEmpty)
        }
    }

    @Test func aTokenDoesNotSeeWhatFollows() throws {
        let golden = try GoldenModel("qwen3", on: .cpu())
        let model = try Qwen3Model(golden.weights, Qwen3Config(golden.config))
        let state = try model.states([3], of: [[7, 1, 2, 3], [7, 1, 2, 30]], on: golden.fixture.device)[0]
        #expect(maxError(state[0][0..<3], state[1][0..<3]) == 0)
        #expect(maxError(state[0], state[1]) > 0.01)
    }

    @Test func olderConfigurationsHaveTheBaseOfWavelengthsBesideTheOthers() throws {
        let golden = try GoldenModel("qwen3", on: .cpu())
        let expected = try Qwen3Config(golden.config)
        let older = """
            {"vocab_size": 60, "hidden_size": 20, "intermediate_size": 28, "num_hidden_layers": 3, "num_attention_heads": 4,
             "num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 64, "rope_theta": 1000000, "rope_scaling": null}
            """
        #expect(try Qwen3Config(ModelConfig(older, place: "config.json")) == expected)
    }

    @Test(
        "configurations that cannot be",
        arguments: [
            (
                #""num_key_value_heads": 3, "rope_theta": 1e6"#,
                "config.json: num_key_value_heads, 3, does not divide num_attention_heads, 4"
            ),
            (
                #""head_dim": 7, "rope_theta": 1e6"#,
                "config.json: head_dim: expected an even number, found 7"
            ),
            (#""head_dim": 8"#, "config.json: rope_theta is missing; expected a number"),
            (#""rope_theta": -1"#, "config.json: rope_theta: expected more than 0, found -1.0"),
            (
                #""rope_theta": 1e6, "attention_bias": true"#,
                "config.json: attention_bias: true is not supported"
            ),
            (
                #""rope_parameters": {"rope_type": "yarn", "rope_theta": 1e6}"#,
                "config.json, rope_parameters: rope_type: \"yarn\" is not supported; known here: default"
            ),
            (
                #""rope_theta": 1e6, "rope_scaling": {"type": "linear"}"#,
                "config.json, rope_scaling: type: \"linear\" is not supported; known here: default"
            ),
            (
                #""rope_parameters": [1]"#,
                "config.json: rope_parameters: expected an object, found [1]"
            ),
        ])
    func refusesConfigurations(keys: String, expected: String) throws {
        let sizes =
            #""vocab_size": 60, "hidden_size": 20, "intermediate_size": 28, "num_hidden_layers": 3, "num_attention_heads": 4"#
        let error = #expect(throws: WeightsError.self) {
            try Qwen3Config(ModelConfig("{\(sizes), \(keys)}", place: "config.json"))
        }
        #expect(error?.description == expected)
    }

    @Test(
        "weights of another shape name key and both shapes",
        arguments: [
            (
                "num_key_value_heads", "1",
                "model.layers.0.self_attn.k_proj.weight has shape [16, 20], expected [8, 20]"
            ),
            (
                "intermediate_size", "30",
                "model.layers.0.mlp.gate_proj.weight has shape [28, 20], expected [30, 20]"
            ),
            ("vocab_size", "61", "model.embed_tokens.weight has shape [60, 20], expected [61, 20]"),
        ])
    func otherShapes(key: String, json: String, expected: String) throws {
        let golden = try GoldenModel("qwen3", on: .cpu())
        let config = try Qwen3Config(golden.config(changing: key, to: json))
        let error = #expect(throws: WeightsError.self) { try Qwen3Model(golden.weights, config) }
        #expect(error?.problem == expected)
    }

    @Test(
        "ids, lengths and states the model cannot take",
        arguments: [
            ([[60]], nil, [3]), ([[-1]], nil, [3]), ([[]], nil, [3]), ([[1], [1, 2]], nil, [3]),
            ([[1, 2]], [0], [3]), ([[Int](repeating: 1, count: 65)], nil, [3]), ([[1]], nil, [4]),
            ([[1]], nil, [-5]),
        ] as [([[Int]], [Int]?, [Int])])
    func refusesInputs(ids: [[Int]], lengths: [Int]?, wanted: [Int]) throws {
        let golden = try GoldenModel("qwen3", on: .cpu())
        let model = try Qwen3Model(golden.weights, Qwen3Config(golden.config))
        #expect(throws: ModelInputError.self) {
            try model.states(wanted, of: ids, lengths: lengths, on: golden.fixture.device)
        }
    }

    @Test func headsThatDoNotSplitAreNamed() throws {
        let golden = try GoldenModel("qwen3", on: .cpu())
        let shapes = try ShapesOnly(
            golden.renamed { $0 }, changing: "layers.0.self_attn.k_proj.weight", to: [12, 20])
        let error = #expect(throws: WeightsError.self) {
            try Qwen3Config(shapesOf: Weights(shapes, on: golden.fixture.device))
        }
        #expect(
            error?.problem
                == "layers.0.self_attn has 32 rows of queries and 12 of keys, which do not split into heads of 8"
        )
    }
}
