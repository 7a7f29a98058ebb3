import DioramaSampling
import DioramaTensor
import Testing

@Suite struct GuidanceTests {
    private let device = Device.reference()

    private func step(unconditional: [Float]?) -> Guidance.Step {
        Guidance.Step(
            x: Tensor([1, 1] as [Float], [1, 2], on: device), sigma: 0.5,
            conditional: Tensor([3, -1] as [Float], [1, 2], on: device),
            unconditional: unconditional.map { Tensor($0, [1, 2], on: device) })
    }

    @Test func goesBeyondThePrompt() throws {
        let guided = try Guidance(scale: 4).denoised(step(unconditional: [1, 1]))
        #expect(guided.guided.floats() == [9, -7])
        #expect(guided.unconditional?.floats() == [1, 1])
        #expect(try Guidance(scale: 0).denoised(step(unconditional: [1, 2])).guided.floats() == [1, 2])
    }

    @Test func scaleOneNeedsThePromptAlone() throws {
        #expect(!Guidance(scale: 1).needsUnconditional)
        #expect(!Guidance(scale: 1 + 1e-10).needsUnconditional)
        #expect(Guidance(scale: 1.0001).needsUnconditional)
        #expect(try Guidance(scale: 1).denoised(step(unconditional: nil)).guided.floats() == [3, -1])
        #expect(try Guidance(scale: 1).denoised(step(unconditional: [0.1, 7])).guided.floats() == [3, -1])
    }

    @Test func hooksChangeWhatTheySee() throws {
        var guidance = Guidance(scale: 2)
        guidance.beforeGuidance.append { $0.conditional = $0.conditional + 1 }
        guidance.beforeGuidance.append { $0.conditional = $0.conditional * 2 }
        guidance.afterGuidance.append { guided, step in guided + step.x * step.sigma }
        // ((3 + 1) · 2 − 1) · 2 + 1 + 0.5 and ((−1 + 1) · 2 − 1) · 2 + 1 + 0.5
        #expect(try guidance.denoised(step(unconditional: [1, 1])).guided.floats() == [15.5, -0.5])
        guidance.guidanceFunction = { step, guidance in step.conditional * guidance.scale }
        #expect(try guidance.denoised(step(unconditional: [1, 1])).guided.floats() == [16.5, 0.5])
    }
}
