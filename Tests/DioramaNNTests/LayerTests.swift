import DioramaNN
import DioramaTensor
import DioramaTestSupport
import DioramaWeights
import Testing

/// Against PyTorch and diffusers (`tools/golden/layers.py`).
@Suite struct LayerTests {
    let golden: Fixture

    init() throws { golden = try Fixture("nn/layers.safetensors") }

    @Test func feedForwardAgrees() throws {
        let layer = try FeedForward(golden.weights("ff"), width: 12)
        #expect(relativeError(layer(golden["x"]), golden["ff.y"]) < Tolerance.f32.op)
    }

    @Test func conditionEmbedderAgrees() throws {
        let layer = try ConditionEmbedder(golden.weights("embedder"), from: 12, to: 20)
        let first = golden["x"].narrowed(axis: 1, 0..<1).reshaped(2, 12)
        #expect(relativeError(layer(first), golden["embedder.y"]) < Tolerance.f32.op)
    }

    @Test func timestepSinusoidsAgree() {
        let table = timestepSinusoids(golden["times"], width: 256)
        // One rounding of an angle near 1000 is 6e-5.
        #expect(maxError(table, golden["sinusoids"]) < 1e-4)
        #expect(relativeError(table[0..<3], golden["sinusoids"][0..<3]) < Tolerance.f32.op)
    }

    @Test func positionTableAgrees() {
        let table = sinusoidTable2D(height: 12, width: 12, channels: 24, baseSize: 8, on: golden.device)
        #expect(maxError(table, golden["table"]) < 1e-6)
    }

    @Test func aLayerOfAnotherShapeThrows() {
        let error = #expect(throws: WeightsError.self) { try FeedForward(golden.weights("ff"), width: 13) }
        #expect(error?.problem == "ff.net.0.proj.weight has shape [48, 12], expected [52, 13]")
    }
}
