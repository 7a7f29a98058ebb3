import Diorama
import DioramaTensor
import DioramaTestSupport
import Testing

@Suite struct GrowingNodeTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    @Test func expressionsTakeNumbersByName() async throws {
        let result = try await bench.run(
            "ComfyMathExpression",
            ["expression": "(a + b) / 2 if c else 0", "values.a": 3, "values.c": true],
            given: ["values.b": 4.5])
        #expect(result.value("node", output: 0, as: Double.self) == 3.75)
        #expect(result.value("node", output: 1, as: Int.self) == 3)
        #expect(result.value("node", output: 2, as: Bool.self) == true)
    }

    @Test func whatCannotBeComputedIsASentence() async throws {
        let zero = await bench.failure(of: "ComfyMathExpression", ["expression": "1 / a", "values.a": 0])
        #expect(
            zero?.hasPrefix("node (ComfyMathExpression): expression cannot be computed: ") == true,
            "\(zero ?? "")")
        let wrong = await bench.failure(of: "ComfyMathExpression", ["expression": "1 +", "values.a": 0])
        #expect(wrong?.contains("\"expression\": ") == true, "\(wrong ?? "")")
        let large = await bench.failure(
            of: "ComfyMathExpression", ["expression": "a * 2.0", "values.a": 1e300])
        #expect(large?.contains("beyond the whole numbers of 64 bits") == true, "\(large ?? "")")
        let text = await bench.failure(of: "ComfyMathExpression", ["expression": "a", "values.a": "x"])
        #expect(text?.contains("\"values.a\" takes a FLOAT or an INT or a BOOLEAN") == true, "\(text ?? "")")
    }

    @Test func latentsAreBatchedAtTheSizeOfTheFirst() async throws {
        let first = Latent(samples: bench.noise([2, 4, 4, 6]), batchIndex: [3, 4])
        let second = Latent(samples: bench.noise([1, 4, 8, 9], seed: 2))
        let batch: Latent = try await bench.output(
            of: "BatchLatentsNode", given: ["latents.latent0": first, "latents.latent1": second])
        #expect(batch.samples.shape == [3, 4, 4, 6])
        #expect(batch.batchIndex == [3, 4, 0])
        let scaled: Latent = try await bench.output(
            of: "LatentUpscale",
            ["upscale_method": "bilinear", "width": 64, "height": 64, "crop": "center"],
            given: ["samples": second])
        let square = Latent(samples: bench.noise([1, 4, 8, 8]))
        let fitted: Latent = try await bench.output(
            of: "BatchLatentsNode", given: ["latents.latent0": square, "latents.latent1": second])
        #expect(fitted.samples[1..<2].floats() == scaled.samples.floats())
        let other = Latent(samples: bench.noise([1, 16, 4, 6]))
        #expect(
            await bench.failure(
                of: "BatchLatentsNode", given: ["latents.latent0": first, "latents.latent1": other])
                == "node (BatchLatentsNode): latents.latent1 is [1, 16, 4, 6], which does not go with the first, [2, 4, 4, 6]: "
                + "both must be of the same kind of model")
    }
}
