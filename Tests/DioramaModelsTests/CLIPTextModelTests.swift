import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

@Suite struct CLIPTextModelTests {
    /// Quick-GELU, pooled at the largest id, keys with `text_model.`; GELU, pooled at the first end token, keys without.
    @Test("agrees with transformers", arguments: ["clip-quick-gelu", "clip-gelu"], Device.available)
    func agrees(_ name: String, on device: Device) throws {
        let golden = try GoldenModel(name, on: device)
        let weights = golden.weights
        let model = try CLIPTextModel(weights, CLIPTextConfig(golden.config))
        let ids = golden["ids"]
        let rows = (0..<ids.shape[0]).map { ids[$0].ints() }
        let output = try model(rows, on: device)

        #expect(output.hiddenStates.count == 4)
        for layer in 0..<3 {
            #expect(
                relativeError(output.hiddenStates[layer], golden["hidden.\(layer)"]) < Tolerance.f32.block)
        }
        #expect(relativeError(output.penultimate, golden["hidden.2"]) < Tolerance.f32.block)
        #expect(relativeError(output.last, golden["last"]) < Tolerance.f32.block)
        #expect(relativeError(output.projected, golden["projected"]) < Tolerance.f32.block)
        #expect(weights.unusedKeys.allSatisfy { !$0.hasPrefix("model.") })
    }

    @Test func aTokenDoesNotSeeWhatFollows() throws {
        let golden = try GoldenModel("clip-gelu", on: .cpu())
        let model = try CLIPTextModel(golden.weights, CLIPTextConfig(golden.config))
        let output = try model([[38, 1, 2, 3], [38, 1, 2, 30]], on: golden.fixture.device).last
        #expect(maxError(output[0][0..<3], output[1][0..<3]) == 0)
        #expect(maxError(output[0], output[1]) > 0.01)
    }

    @Test(
        "ids and lengths the encoder cannot take",
        arguments: [[[38, 40]], [[-1]], [[]], [[Int]](), [[1], [1, 2]]])
    func refusesIDs(ids: [[Int]]) throws {
        let golden = try GoldenModel("clip-gelu", on: .cpu())
        let model = try CLIPTextModel(golden.weights, CLIPTextConfig(golden.config))
        #expect(throws: ModelInputError.self) { try model(ids, on: golden.fixture.device) }
        #expect(throws: ModelInputError.self) {
            try model([[Int](repeating: 1, count: 13)], on: golden.fixture.device)
        }
    }

    @Test(
        "configurations that contradict themselves",
        arguments: [
            ("num_attention_heads", "3", "num_attention_heads, 3, does not divide hidden_size, 16"),
            ("hidden_act", "\"relu\"", "hidden_act: \"relu\" is not supported; known here: quick_gelu, gelu"),
            ("num_hidden_layers", "0", "num_hidden_layers: expected a whole number in 1...1024, found 0"),
            ("vocab_size", "null", "vocab_size is missing; expected a whole number in 1...10000000"),
            ("layer_norm_eps", "-1", "layer_norm_eps: expected more than 0, found -1.0"),
            ("hidden_size", "1e3", "hidden_size: expected a whole number in 1...65536, found 1000.0"),
            ("eos_token_id", "[2, 3]", "eos_token_id: expected a whole number in 0...39, found [2, 3]"),
        ])
    func refusesConfigurations(key: String, json: String, expected: String) throws {
        let golden = try GoldenModel("clip-gelu", on: .cpu())
        let error = #expect(throws: WeightsError.self) {
            try CLIPTextConfig(golden.config(changing: key, to: json))
        }
        #expect(error?.description == "config.json: " + expected)
    }

    @Test func weightsOfAnotherShapeNameKeyAndBothShapes() throws {
        let golden = try GoldenModel("clip-gelu", on: .cpu())
        let config = try CLIPTextConfig(golden.config(changing: "intermediate_size", to: "48"))
        let error = #expect(throws: WeightsError.self) { try CLIPTextModel(golden.weights, config) }
        #expect(
            error?.problem == "model.encoder.layers.0.mlp.fc1.weight has shape [32, 16], expected [48, 16]")
    }
}
