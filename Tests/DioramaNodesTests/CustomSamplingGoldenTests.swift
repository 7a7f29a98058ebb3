import Diorama
import DioramaModels
import DioramaSampling
import DioramaTensor
import DioramaTestSupport
import Testing

/// The nodes of custom sampling against ComfyUI's own (`tools/golden/custom_sampling.py`), and what they refuse.
@Suite struct CustomSamplingGoldenTests {
    let bench: Workbench
    let golden: JSON
    let sample: Model

    init() async throws {
        bench = try Workbench()
        golden = try JSON(parsing: Golden.data("nodes/custom_sampling.json"))
        sample = try await bench.checkpoint().model
    }

    private func floats(_ json: JSON?) throws -> [Float] {
        try #require(json?.array).compactMap { $0.double.map { Float($0) } ?? $0.string.flatMap(Float.init) }
    }

    /// The sample model with the model sampling of a name in the file.
    private func model(_ name: String?) throws -> Model {
        var model = sample
        model.sampling = name == "sd15/sdxl EPS" ? try .epsilon() : try .flow(shift: 3, multiplier: 1)
        return model
    }

    @Test(
        "a scheduler of its own gives ComfyUI's noise levels",
        arguments: [
            ("KarrasScheduler", 3), ("ExponentialScheduler", 3), ("PolyexponentialScheduler", 5),
            ("LaplaceScheduler", 9), ("VPScheduler", 6),
        ])
    func levels(className: String, count: Int) async throws {
        let records = try #require(golden["levels"]?.array).filter { $0["node"]?.string == className }
        #expect(records.count == count)
        for record in records {
            let sigmas: Sigmas = try await bench.output(
                of: className, try #require(record["inputs"]?.object))
            let expected = try floats(record["out"])
            #expect(sigmas.levels.count == expected.count)
            // Differences of large numbers leave ComfyUI fewer digits.
            for (level, value) in zip(sigmas.levels, expected) {
                #expect(abs(level - value) <= 1e-5 * abs(value) + 1e-6, "\(record["inputs"]?.text() ?? "")")
            }
        }
    }

    @Test func levelsThatCannotBeAreASentence() async throws {
        #expect(
            await bench.failure(of: "PolyexponentialScheduler", ["sigma_min": 0])
                == "node (PolyexponentialScheduler): sigma_min is 0; the logarithms of levels need ends above 0"
        )
        let sentence =
            "is so large that levels are beyond the range of numbers; beta_d / 2 + beta_min may be 88 at most"
        #expect(
            await bench.failure(of: "VPScheduler", ["beta_d": 200])
                == "node (VPScheduler): beta_d " + sentence)
        #expect(
            await bench.failure(of: "VPScheduler", ["beta_min": 200])
                == "node (VPScheduler): beta_min " + sentence)
    }

    @Test func noiseIsAddedAsComfyUIAddsIt() async throws {
        let records = try #require(golden["noisy"]?.array)
        #expect(records.count == 14)
        for record in records {
            var model = try model(record["model"]?.string)
            model.latentFormat = LatentFormat(
                scale: try #require(floats([record["scale"] ?? 0]).first),
                shift: try #require(floats([record["shift"] ?? 0]).first))
            let shape = Shape(try #require(record["shape"]?.array).compactMap(\.integer))
            let latent = Latent(
                samples: Tensor(try floats(record["latent"]), shape, on: bench.device),
                batchIndex: record["places"]?.array?.compactMap(\.integer))
            let seed = record["seed"]?.integer.map { UInt64($0) }
            let noisy: Latent = try await bench.output(
                of: "AddNoise",
                given: [
                    "model": model, "noise": Noise(seed: seed ?? 0, isAdded: seed != nil),
                    "sigmas": Sigmas(try floats(record["sigmas"])), "latent_image": latent,
                ])
            #expect(noisy.samples.shape == shape)
            #expect(noisy.batchIndex == latent.batchIndex)
            let expected = try floats(record["out"])
            #expect(relativeError(noisy.samples.floats(), expected) < Tolerance.f32.op, "\(record.text())")
        }
    }

    @Test(
        "a sampler with parameters of its own goes ComfyUI's way",
        arguments: [
            ("SamplerEulerAncestral", 10), ("SamplerEulerAncestralCFGPP", 8), ("SamplerLMS", 8),
            ("SamplerDPMPP_2S_Ancestral", 10), ("SamplerDPMPP_SDE", 12), ("SamplerDPMPP_2M_SDE", 12),
            ("SamplerDPMPP_3M_SDE", 10), ("SamplerER_SDE", 18), ("SamplerSASolver", 24),
            ("SamplerSEEDS2", 14),
        ])
    func samplers(className: String, count: Int) async throws {
        let records = try #require(golden["samplers"]?.array).filter { $0["node"]?.string == className }
        #expect(records.count == count)
        let noise = Tensor((0..<16).map { -1.5 + 3 * Float($0) / 15 }, [1, 1, 4, 4], on: bench.device)
        for record in records {
            let model = try model(record["model"]?.string)
            let sampler: Sampler = try await bench.output(
                of: className, try #require(record["inputs"]?.object),
                given: className == "SamplerSASolver" ? ["model": model] : [:])
            let result = try sampler.sample(
                latent: .zeros([1, 1, 4, 4], on: bench.device), noise: noise,
                sigmas: try floats(golden["sigmas"]?[record["model"]?.string ?? ""]), model: model.sampling,
                seed: 1234
            ) { x, _ in
                let denoised = tanh(x * 0.8) * 0.9 + 0.05
                return Denoised(denoised, unconditional: denoised * 0.8)
            }
            let error = relativeError(result.floats(), try floats(record["out"]))
            #expect(
                error < Tolerance.f32.op,
                "\(className), \(record["model"]?.text() ?? ""), \(record["inputs"]?.text() ?? "")")
        }
    }

    @Test func aSecondEvaluationLiesBehindTheFirst() async throws {
        #expect(
            await bench.failure(of: "SamplerDPMPP_SDE", ["r": 0])
                == "node (SamplerDPMPP_SDE): r is 0; the second evaluation lies behind the first, usually at 0.5"
        )
    }
}
