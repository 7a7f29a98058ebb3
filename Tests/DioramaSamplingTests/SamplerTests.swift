import DioramaSampling
import DioramaTensor
import DioramaTestSupport
import Testing

@Suite struct SamplerTests {
    private let device = Device.reference()

    /// The toy model of ComfyUI's vectors.
    private func toy(_ x: Tensor, _ sigma: Float) -> Denoised {
        let denoised = tanh(x * 0.8) * 0.9 + 0.05
        return Denoised(denoised, unconditional: denoised * 0.8)
    }

    /// linspace(-1.5, 1.5, 16) as [1, 1, 4, 4].
    private var toyNoise: Tensor {
        Tensor((0..<16).map { -1.5 + 3 * Float($0) / 15 }, [1, 1, 4, 4], on: device)
    }

    @Test(arguments: Sampler.names)
    func matchesComfyUI(name: String) throws {
        let golden = try SamplingGolden.load("samplers.json", as: SamplingGolden.Samplers.self)
        let sampler = try Sampler.named(name)
        var errors: [String] = []
        for (modelName, runs) in golden.samplers.sorted(by: { $0.key > $1.key }) {
            let model = try SamplingGolden.modelSampling(modelName)
            let expected = try #require(runs.results[name])
            let result = try sampler.sample(
                latent: .zeros([1, 1, 4, 4], on: device), noise: toyNoise, sigmas: runs.sigmas, model: model,
                seed: 1234, denoise: toy)
            let error = relativeError(result.floats(), expected)
            #expect(error <= Tolerance.f32.op, "\(name), \(modelName)")
            errors.append("\(error)")
        }
        #expect(errors.count == 2)
        figure("sampler \(name): relative error \(errors.joined(separator: ", "))")
    }

    @Test(arguments: Sampler.names)
    func everyScheduleEndsInNumbers(name: String) throws {
        let sampler = try Sampler.named(name)
        let models: [ModelSampling] = try [
            .flow(shift: 0.01), .flow(shift: 100), .flux(shift: 5), .epsilon(),
        ]
        for model in models {
            for scheduler in Scheduler.allCases {
                for (steps, denoise) in [(1, 1.0), (2, 1), (7, 1), (2, 0.1)] {
                    let sigmas = scheduler.sigmas(
                        for: model, steps: steps, denoise: denoise,
                        discardsPenultimate: sampler.discardsPenultimateSigma)
                    let result = try sampler.sample(
                        latent: .zeros([1, 1, 4, 4], on: device), noise: toyNoise, sigmas: sigmas,
                        model: model,
                        seed: 1, denoise: toy)
                    #expect(result.allFinite, "\(name), \(model.kind), \(scheduler), \(steps) steps")
                }
            }
        }
    }

    @Test(arguments: Sampler.names)
    func repeatedLevelsArePassedOver(name: String) throws {
        let model = try ModelSampling.flow(shift: 3)
        let repeated: [Float] = [1, 1, 0.8, 0.5, 0.5, 0.5, 0.2, 0, 0]
        let distinct: [Float] = [1, 0.8, 0.5, 0.2, 0]
        let results = try [repeated, distinct].map { sigmas in
            try Sampler.named(name).sample(
                latent: .zeros([1, 1, 4, 4], on: device), noise: toyNoise, sigmas: sigmas, model: model,
                seed: 1,
                denoise: toy
            ).floats()
        }
        #expect(results[0] == results[1])
        #expect(results[0].allSatisfy { $0.isFinite })
    }

    /// Halving the steps divides the error by two to the power of the order.
    ///
    /// With the prediction −x the latent follows x(σ) = x(σ₀)·(σ / σ₀)². Multistep methods keep the error of their start.
    @Test(arguments: [
        ("euler", 1), ("ipndm", 2), ("lms", 2), ("heun", 2), ("dpm_2", 2), ("dpmpp_2m", 2),
        ("res_multistep", 2),
        ("gradient_estimation", 1),
    ])
    func convergesWithItsOrder(name: String, order: Int) throws {
        let model = try ModelSampling.epsilon()
        func error(steps: Int) throws -> Double {
            let sigmas = (0...steps).map { 1 - 0.75 * Float($0) / Float(steps) }
            let end = try Sampler.named(name).walk(
                from: Tensor([1] as [Float], [1, 1, 1, 1], on: device), sigmas: sigmas, model: model,
                noise: NoiseSource(seed: 0), denoise: { x, _ in Denoised(x * -1.0) })
            return Double((end.floats()[0] - 0.0625).magnitude)
        }
        // Coarse enough that rounding to f32 stays far below the error.
        let gain = try error(steps: 8) / error(steps: 16)
        #expect(gain > pow2(order) * 0.7, "\(name) gains \(gain) by halving its steps")
    }

    private func pow2(_ exponent: Int) -> Double { Double(1 << exponent) }

    @Test func stepsAreReportedAsTheyEnd() throws {
        let model = try ModelSampling.flow(shift: 3)
        let sigmas = Scheduler.simple.sigmas(for: model, steps: 5)
        for name in Sampler.names where !["dpm_fast", "dpm_adaptive"].contains(name) {
            var seen: [SamplingStep] = []
            let result = try Sampler.named(name).walk(
                from: toyNoise, sigmas: sigmas, model: model, noise: NoiseSource(seed: 3), denoise: toy,
                onStep: { seen.append($0) })
            #expect(seen.map(\.index) == [0, 1, 2, 3, 4], "\(name)")
            #expect(seen.allSatisfy { $0.count == 5 })
            #expect(seen.dropFirst().map(\.sigma) == Array(sigmas[1..<5]))
            #expect((0.9999...1).contains(seen.first?.sigma ?? 0))
            #expect(seen.map(\.next) == Array(sigmas.dropFirst()))
            #expect(seen.first?.denoised.floats() == toy(toyNoise, 1).guided.floats())
            if !name.hasPrefix("uni_pc") { #expect(seen.last?.x.floats() == result.floats()) }
        }
    }

    @Test func anObserverThatThrowsEndsTheRun() throws {
        struct Cancelled: Error {}
        let model = try ModelSampling.flow(shift: 3)
        for name in Sampler.names {
            var evaluations = 0
            #expect(throws: Cancelled.self) {
                try Sampler.named(name).walk(
                    from: toyNoise, sigmas: [1, 0.75, 0.5, 0.25, 0], model: model,
                    noise: NoiseSource(seed: 3),
                    denoise: {
                        evaluations += 1
                        return toy($0, $1)
                    },
                    onStep: { if $0.index >= 1 { throw Cancelled() } })
            }
            // The adaptive sampler is half on its way then.
            #expect(evaluations <= (name == "dpm_adaptive" ? 12 : 6), "\(name)")
        }
    }

    @Test func nothingToWalkLeavesTheLatent() throws {
        let model = try ModelSampling.flow(shift: 3)
        let latent = toyNoise * 0.5
        for sigmas: [Float] in [[], [0.5], [0.5, 0.5]] {
            let result = try Sampler.named("euler").sample(
                latent: latent, noise: toyNoise, sigmas: sigmas, model: model, seed: 0, denoise: toy)
            #expect(result.floats() == latent.floats())
        }
    }

    @Test(arguments: Device.available)
    func aSeedGivesTheSameLatentAgain(device: Device) throws {
        let model = try ModelSampling.epsilon()
        let sigmas = Scheduler.karras.sigmas(for: model, steps: 4)
        let noise = toyNoise.to(device)
        func run(_ seed: UInt64) throws -> [Float] {
            try Sampler.named("euler_ancestral").sample(
                latent: .zeros([1, 1, 4, 4], on: device), noise: noise, sigmas: sigmas, model: model,
                seed: seed,
                denoise: toy
            ).floats()
        }
        #expect(try run(7) == run(7))
        #expect(try run(7) != run(8))
        #expect(try run(.max).allSatisfy { $0.isFinite })
    }

    @Test func whatAMaskKeepsStaysAndTheRestIsFree() throws {
        for (name, model) in [
            ("euler", try ModelSampling.flow(shift: 3)), ("ddim", try .epsilon()), ("heun", try .epsilon()),
        ] {
            let latent = Tensor((0..<16).map { Float($0) / 8 - 1 } as [Float], [1, 1, 4, 4], on: device)
            let mask = Tensor([1, 1, 0, 0] as [Float], [1, 1, 1, 4], on: device)
            let sigmas = Scheduler.simple.sigmas(for: model, steps: 4)
            func run(_ mask: Tensor?) throws -> [Float] {
                try Sampler.named(name).sample(
                    latent: latent, noise: toyNoise, sigmas: sigmas, model: model, seed: 5,
                    mask: mask.map(SamplingMask.init),
                    denoise: toy
                ).floats()
            }
            let masked = try run(mask)
            let free = try run(nil)
            let kept = latent.floats()
            for (place, value) in masked.enumerated() {
                let expected = place % 4 < 2 ? free[place] : kept[place]
                #expect((value - expected).magnitude <= 1e-6, "\(name), element \(place)")
            }
        }
    }

    @Test func everySamplerOfComfyUIIsThereAndAnotherNameIsASentence() throws {
        let golden = try SamplingGolden.load("samplers.json", as: SamplingGolden.Samplers.self)
        for runs in golden.samplers.values { #expect(Set(runs.results.keys) == Set(Sampler.names)) }
        #expect(Sampler.names.count == 44)
        for name in Sampler.names { #expect(try Sampler.named(name).name == name) }
        let unknown = #expect(throws: SamplingError.self) { try Sampler.named("eulr") }
        #expect(unknown?.description.hasPrefix("There is no sampler “eulr”; use one of: euler, ") == true)
    }

    @Test func penultimateLevelsAreDiscardedForTheSamplersThatComfyUIDoesItFor() {
        let discarding = Sampler.all.filter(\.discardsPenultimateSigma).map(\.name)
        #expect(discarding == ["dpm_2", "dpm_2_ancestral", "uni_pc", "uni_pc_bh2"])
    }

    @Test func aSamplerWithoutItsUnconditionalPredictionIsASentence() throws {
        let model = try ModelSampling.flow(shift: 3)
        for sampler in Sampler.all where sampler.needsUnconditional {
            #expect(throws: SamplingError.missingUnconditional(sampler: sampler.name)) {
                try sampler.walk(
                    from: toyNoise, sigmas: [1, 0.5, 0], model: model, noise: NoiseSource(seed: 0),
                    denoise: { Denoised(toy($0, $1).guided) })
            }
        }
        #expect(Sampler.all.filter(\.needsUnconditional).map(\.name).allSatisfy { $0.hasSuffix("cfg_pp") })
    }
}
