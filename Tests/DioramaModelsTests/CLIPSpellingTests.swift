import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// CLIP in OpenCLIP's spelling: fused queries, keys and values, and a transposed projection.
@Suite struct CLIPSpellingTests {
    @Test(
        "agrees with PyTorch, its shape read off the tensors",
        arguments: ["", "cond_stage_model.model.", "conditioner.embedders.1.model."], Device.available)
    func agrees(prefix: String, on device: Device) throws {
        let golden = try Fixture("models/open-clip.safetensors", on: device)
        let start = "model."
        let source = try GivenTensors(golden.file, on: device) { key in
            key.hasPrefix(start) ? prefix + key.dropFirst(start.count) : nil
        }
        let found = try #require(FoundTextEncoder.all(in: source).first)
        #expect(found.prefix == prefix)
        #expect(found.kind == .unknown("a CLIP that is 64 wide"))
        let weights = Weights(source, on: device, names: found.names)
        let config = try CLIPTextConfig(shapesOf: weights)
        #expect([config.vocabulary, config.width, config.innerWidth, config.layers] == [40, 64, 20, 2])
        #expect(config.heads == 1 && config.positions == 9 && config.projection == 12)
        #expect(config.activation == .gelu && config.pooling == .first(39) && config.eps == 1e-5)

        let model = try CLIPTextModel(weights, config)
        let ids = golden["ids"]
        let output = try model((0..<ids.shape[0]).map { ids[$0].ints() }, on: device)
        for layer in 0...2 {
            let expected = golden["hidden.\(layer)"]
            #expect(relativeError(output.hiddenStates[layer], expected) < Tolerance.f32.block)
        }
        #expect(relativeError(output.last, golden["last"]) < Tolerance.f32.block)
        #expect(relativeError(output.projected, golden["projected"]) < Tolerance.f32.block)
        #expect(weights.unusedKeys.isEmpty)
    }

    /// As older nodes have saved it: transformers' names, and the projection as OpenCLIP has it.
    @Test func aTransposedProjectionBesideTransformersNames() throws {
        let golden = try GoldenModel("clip-quick-gelu", on: .cpu())
        let device = golden.fixture.device
        let config = try CLIPTextConfig(golden.config)
        let prefix = "clip_l."
        let tensors = golden.fixture.keys.filter { $0.hasPrefix("model.") }.map { key in
            key == "model.text_projection.weight"
                ? (prefix + "text_projection", golden[key].transposed(0, 1))
                : (prefix + key.dropFirst("model.".count), golden[key])
        }
        let weights = Weights(
            GivenTensors(tensors), on: device, names: CLIPTextModel.names(prefix: prefix))
        let output = try CLIPTextModel(weights, config)(golden.rows("ids"), on: device)
        #expect(relativeError(output.projected, golden["projected"]) < Tolerance.f32.block)
        #expect(weights.unusedKeys.isEmpty)
    }

    @Test(
        "weights of another shape name the file's key and both shapes",
        arguments: [
            (
                "intermediate_size", 48,
                "model.transformer.resblocks.0.mlp.c_fc.weight has shape [20, 64], expected [48, 64]"
            ),
            (
                "projection_dim", 13,
                "model.text_projection has shape [64, 12], of which text_projection.weight is the transpose, expected [13, 64] for it"
            ),
            (
                "max_position_embeddings", 10,
                "model.positional_embedding has shape [9, 64], expected [10, 64]"
            ),
        ])
    func otherShapes(key: String, value: Int, expected: String) throws {
        let golden = try Fixture("models/open-clip.safetensors")
        var sizes = [
            "vocab_size": 40, "hidden_size": 64, "intermediate_size": 20, "num_hidden_layers": 2,
            "num_attention_heads": 1, "max_position_embeddings": 9, "projection_dim": 12,
        ]
        sizes[key] = value
        let json = sizes.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ", ")
        let config = try CLIPTextConfig(ModelConfig("{\(json)}", place: "config.json"))
        let weights = Weights(
            golden.file, on: golden.device, names: CLIPTextModel.names(prefix: "model."))
        let error = #expect(throws: WeightsError.self) { try CLIPTextModel(weights, config) }
        #expect(error?.problem == expected)
    }
}
