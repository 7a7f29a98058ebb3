import DioramaModels
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// Whole transformers whose layers are stored in blocks or 8-bit floats, against diffusers with the weights that these stand for.
@Suite struct CompressedTransformerTests {
    private func velocity(
        _ golden: GoldenModel, _ source: any TensorSource, prefix: String?, _ precision: Precision?
    ) throws -> Tensor {
        let root = Weights(source, on: golden.fixture.device, precision: precision)
        let model = try SD3Transformer(prefix.map { root[$0] } ?? root, SD3Config(golden.config))
        #expect(root.unusedKeys.allSatisfy { golden.fixture.keys.contains($0) && !$0.hasPrefix("model.") })
        let context = TextContext(tokens: golden["context"], pooled: golden["pooled"], tailCount: 1)
        return try model(golden["latent"], timestep: golden["timestep"], context: context)
    }

    @Test("in blocks of a GGUF file", arguments: Device.available)
    func blocks(on device: Device) throws {
        let golden = try GoldenModel("mmdit-blocks", on: device)
        let file = try WeightsFile(Golden.url("models/mmdit-blocks.gguf")).open()
        let exact = try velocity(golden, file, prefix: nil, .f32)
        #expect(relativeError(exact, golden["velocity"]) < Tolerance.f32.block)
        #expect(
            relativeError(try velocity(golden, file, prefix: nil, nil), golden["velocity"])
                < Tolerance.bf16.model)
    }

    @Test("in 8- and 4-bit floats with scales for groups", arguments: Device.available)
    func groups(on device: Device) throws {
        let golden = try GoldenModel("mmdit-microscaled", on: device)
        let file = golden.fixture.file
        let exact = try velocity(golden, file, prefix: "model", .f32)
        #expect(relativeError(exact, golden["velocity"]) < Tolerance.f32.block)
        #expect(
            relativeError(try velocity(golden, file, prefix: "model", nil), golden["velocity"])
                < Tolerance.bf16.model)
    }

    @Test("in 8-bit floats with scales", arguments: Device.available)
    func floats(on device: Device) throws {
        let golden = try GoldenModel("mmdit-fp8", on: device)
        let file = golden.fixture.file
        let exact = try velocity(golden, file, prefix: "model", .f32)
        #expect(relativeError(exact, golden["velocity"]) < Tolerance.f32.block)
        #expect(
            relativeError(try velocity(golden, file, prefix: "model", nil), golden["velocity"])
                < Tolerance.bf16.model)
    }
}
