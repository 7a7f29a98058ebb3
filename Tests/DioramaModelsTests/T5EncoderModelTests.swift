import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

@Suite struct T5EncoderModelTests {
    /// One table of relative positions for all layers, and one in each.
    @Test("agrees with transformers", arguments: ["t5", "umt5"], Device.available)
    func agrees(_ name: String, on device: Device) throws {
        let golden = try GoldenModel(name, on: device)
        let weights = golden.weights
        let model = try T5EncoderModel(weights, T5Config(golden.config))
        let ids = golden.rows("ids")
        let whole = try model.hiddenStates(of: ids, on: device)
        let part = try model.hiddenStates(of: ids, lengths: golden["lengths"].ints(), on: device)

        #expect(whole.count == 4 && part.count == 4)
        for (layer, states) in zip(whole, part).enumerated() {
            #expect(relativeError(states.0, golden["hidden.\(layer)"]) < Tolerance.f32.block)
            #expect(relativeError(states.1, golden["masked.\(layer)"]) < Tolerance.f32.block)
        }
        #expect(maxError(try model(ids, on: device), whole[3]) == 0)
        #expect(weights.unusedKeys.allSatisfy { !$0.hasPrefix("model.") })
    }

    /// Distances up to 299: all buckets, and the last one beyond 128.
    @Test("agrees with transformers on long texts", arguments: ["t5", "umt5"])
    func agreesOnLongTexts(_ name: String) throws {
        let golden = try GoldenModel(name, on: .cpu())
        let model = try T5EncoderModel(golden.weights, T5Config(golden.config))
        let last = try model(golden.rows("long.ids"), on: golden.fixture.device)
        #expect(relativeError(last, golden["long.last"]) < Tolerance.f32.block)
    }

    /// Names of transformers, with the embedding's other one, and of llama.cpp by gguf-py's table.
    ///
    /// In a file of their own, and in one with others. The shape is read off the tensors.
    @Test(
        "other spellings give the same", arguments: ["t5", "umt5"], ["", "text_encoders.t5xxl.transformer."])
    func otherSpellings(_ name: String, prefix: String) throws {
        let golden = try GoldenModel(name, on: .cpu())
        let ids = golden.rows("ids")
        let config = try T5Config(golden.config)
        let expected = try T5EncoderModel(golden.weights, config)(ids, on: golden.fixture.device)
        let ggufNames = try golden.names("gguf")
        let spellings: [(String) throws -> String] = [
            { $0 }, { $0 == "shared.weight" ? "encoder.embed_tokens.weight" : $0 },
            { try #require(ggufNames[$0]) },
        ]
        for spelling in spellings {
            let source = try golden.renamed { prefix + (try spelling($0)) }
            let found = try #require(FoundTextEncoder.all(in: source).first)
            #expect(found.prefix == prefix)
            #expect(found.kind == (name == "t5" ? .t5(width: 20) : .umt5(width: 20)))
            let weights = Weights(source, on: golden.fixture.device, names: found.names)
            #expect(try T5Config(shapesOf: weights) == config)
            let model = try T5EncoderModel(weights, config)
            #expect(maxError(try model(ids, on: golden.fixture.device), expected) == 0)
            #expect(weights.unusedKeys.isEmpty)
        }
    }

    @Test(
        "ids, lengths and numbers of real tokens the encoder cannot take",
        arguments: [
            ([[60]], nil), ([[-1]], nil), ([[]], nil), ([], nil), ([[1], [1, 2]], nil), ([[1, 2]], [0]),
            ([[1, 2]], [3]), ([[1, 2]], [1, 1]), ([[Int](repeating: 1, count: 4097)], nil),
        ] as [([[Int]], [Int]?)])
    func refusesIDs(ids: [[Int]], lengths: [Int]?) throws {
        let golden = try GoldenModel("t5", on: .cpu())
        let model = try T5EncoderModel(golden.weights, T5Config(golden.config))
        #expect(throws: ModelInputError.self) {
            try model(ids, lengths: lengths, on: golden.fixture.device)
        }
    }

    @Test(
        "configurations that cannot be",
        arguments: [
            ("d_model", "null", "d_model is missing; expected a whole number in 1...65536"),
            (
                "feed_forward_proj", "\"relu\"",
                "feed_forward_proj: \"relu\" is not supported; known here: gated-gelu, that of T5 1.1"
            ),
            ("layer_norm_epsilon", "0", "layer_norm_epsilon: expected more than 0, found 0.0"),
            (
                "relative_attention_max_distance", "8",
                "relative_attention_num_buckets 32, relative_attention_max_distance 8: expected a multiple of 4 buckets, less than 4 times the largest distance, 8; found 32"
            ),
        ])
    func refusesConfigurations(key: String, json: String, expected: String) throws {
        let golden = try GoldenModel("t5", on: .cpu())
        let error = #expect(throws: WeightsError.self) {
            try T5Config(golden.config(changing: key, to: json))
        }
        #expect(error?.description == "config.json: " + expected)
    }

    @Test(
        "weights of another shape name key and both shapes",
        arguments: [
            (
                "d_ff", "40",
                "model.encoder.block.0.layer.1.DenseReluDense.wi_0.weight has shape [28, 20], expected [40, 20]"
            ),
            (
                "num_heads", "4",
                "model.encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight has shape [32, 3], expected [32, 4]"
            ),
            (
                "num_layers", "4",
                "has no tensor model.encoder.block.3.layer.0.layer_norm.weight, expected with shape [20]; nothing is under model.encoder.block.3.layer.0.layer_norm"
            ),
        ])
    func otherShapes(key: String, json: String, expected: String) throws {
        let golden = try GoldenModel("t5", on: .cpu())
        let config = try T5Config(golden.config(changing: key, to: json))
        let error = #expect(throws: WeightsError.self) { try T5EncoderModel(golden.weights, config) }
        #expect(error?.problem == expected)
    }

    @Test func aFileInLlamaCppsSpellingIsNamedByItsOwnKeys() throws {
        let golden = try GoldenModel("t5", on: .cpu())
        let names = try golden.names("gguf")
        let weights = Weights(
            try golden.renamed { names[$0] }, on: golden.fixture.device, names: T5EncoderModel.names())
        let config = try T5Config(golden.config(changing: "d_ff", to: "40"))
        let error = #expect(throws: WeightsError.self) { try T5EncoderModel(weights, config) }
        #expect(error?.problem == "enc.blk.0.ffn_gate.weight has shape [28, 20], expected [40, 20]")
    }

    @Test(
        "tensors that tell no shape",
        arguments: [
            (
                "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", nil,
                "has no tensor encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight, which tells the model's size"
            ),
            (
                "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", [32, 0],
                "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight has shape [32, 0], expected 2 extents in 1...10000000"
            ),
            (
                "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", [30, 3],
                "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight: expected a multiple of 4 buckets, less than 4 times the largest distance, 128; found 30"
            ),
            (
                "encoder.block.0.layer.0.SelfAttention.q.weight", [25, 20],
                "encoder.block.0.layer.0.SelfAttention.q.weight has 25 rows, which the 3 heads of encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight do not divide"
            ),
            ("shared.weight", [1200], "shared.weight has shape [1200], expected 2 extents in 1...10000000"),
        ] as [(String, Shape?, String)])
    func refusesShapes(key: String, shape: Shape?, expected: String) throws {
        let golden = try GoldenModel("t5", on: .cpu())
        let shapes = try ShapesOnly(golden.renamed { $0 }, changing: key, to: shape)
        let error = #expect(throws: WeightsError.self) {
            try T5Config(shapesOf: Weights(shapes, on: golden.fixture.device, names: T5EncoderModel.names()))
        }
        #expect(error?.problem == expected)
    }
}
