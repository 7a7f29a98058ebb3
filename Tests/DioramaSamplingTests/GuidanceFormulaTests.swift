import DioramaSampling
import DioramaTensor
import DioramaTestSupport
import Testing

/// Formulas beyond plain guidance, against PyTorch in float64 (`tools/golden/guidance.py`).
@Suite struct GuidanceFormulaTests {
    private let golden: Fixture
    private let step: Guidance.Step
    private let guidance: Guidance

    init() throws {
        golden = try Fixture("guidance/formulas.safetensors")
        step = Guidance.Step(
            x: golden["x"], sigma: try #require(golden.metadata["sigma"].flatMap(Float.init)),
            conditional: golden["conditional"], unconditional: golden["unconditional"])
        guidance = Guidance(scale: try #require(golden.metadata["cfg"].flatMap(Double.init)))
    }

    /// The golden's keys that begin with `kind`, and the numbers that end them.
    private func cases(_ kind: String) throws -> [(key: String, numbers: [Float])] {
        let keys = golden.keys.filter { $0.hasPrefix(kind + ".") }
        try #require(keys.count >= 3)
        return keys.map { key in
            let parts = key.dropFirst(kind.count + 1).split(separator: ".")
            return (
                key,
                stride(from: 0, to: parts.count, by: 2).compactMap { Float("\(parts[$0]).\(parts[$0 + 1])") }
            )
        }
    }

    @Test func rescaledGuidance() throws {
        for (kind, sampling) in try [("flow", .flow(shift: 3)), ("epsilon", .epsilon())]
            as [(String, ModelSampling)]
        {
            for (key, numbers) in try cases("rescale.\(kind)") {
                let result = guidance.combinedAtSpread(step, multiplier: numbers[0], sampling: sampling)
                #expect(relativeError(result, golden[key]) < Tolerance.f32.op, "\(key)")
            }
        }
    }

    @Test func normedGuidance() throws {
        for (key, numbers) in try cases("norm.post") {
            let result = Guidance.shortened(
                guidance.combined(step), to: step.conditional, strength: numbers[0])
            #expect(relativeError(result, golden[key]) < Tolerance.f32.op, "\(key)")
        }
        for (key, numbers) in try cases("norm.pre") {
            let result = guidance.combinedAtLength(step, strength: numbers[0])
            #expect(relativeError(result, golden[key]) < Tolerance.f32.op, "\(key)")
        }
    }

    @Test func skipLayerGuidance() throws {
        for (key, numbers) in try cases("skip") {
            let result = Guidance.beyond(
                guidance.combined(step), conditional: step.conditional, weakened: golden["weakened"],
                scale: numbers[0], rescaling: numbers[1])
            #expect(relativeError(result, golden[key]) < Tolerance.f32.op, "\(key)")
        }
    }

    @Test func predictionsOfNothingStayNothing() throws {
        let device = golden.device
        let nothing = Tensor.zeros([1, 4, 2, 2], on: device)
        let step = Guidance.Step(x: nothing, sigma: 1, conditional: nothing, unconditional: nothing)
        for result in [
            guidance.combinedAtLength(step, strength: 1),
            guidance.combinedAtSpread(step, multiplier: 1, sampling: try .flow(shift: 3)),
            Guidance.shortened(nothing, to: nothing, strength: 1),
            Guidance.beyond(nothing, conditional: nothing, weakened: nothing, scale: 3, rescaling: 1),
        ] {
            #expect(maxError(result, nothing) == 0)
        }
    }
}
