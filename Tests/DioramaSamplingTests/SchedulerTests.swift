import DioramaSampling
import DioramaTestSupport
import Testing

@Suite struct SchedulerTests {
    @Test func everyScheduleOfComfyUI() throws {
        let golden = try SamplingGolden.load("schedules.json", as: SamplingGolden.Schedules.self)
        #expect(golden.sigmas.count == 9)
        var checked = 0
        var largest = 0.0
        for (name, vectors) in golden.sigmas {
            let model = try SamplingGolden.modelSampling(name)
            for (key, expected) in vectors {
                let parts = key.split(separator: ":")
                let steps = try #require(Int(parts[1]))
                let sigmas = try Scheduler.named(String(parts[0])).sigmas(for: model, steps: steps)
                let difference = largestRelativeDifference(sigmas, expected)
                #expect(difference <= 1e-5, "\(name), \(key): \(sigmas) is not \(expected)")
                largest = max(largest, difference)
                checked += 1
            }
        }
        #expect(checked == 9 * 9 * 3)
        figure("ComfyUI schedules: \(checked) vectors, largest relative difference \(largest)")
    }

    @Test func flux2Schedules() throws {
        let golden = try SamplingGolden.load("schedules.json", as: SamplingGolden.Schedules.self)
        var largest = 0.0
        for (key, expected) in golden.flux2 {
            let numbers = key.split(whereSeparator: { "x:".contains($0) }).compactMap { Int($0) }
            try #require(numbers.count == 3)
            let sigmas = Flux2Schedule.sigmas(width: numbers[0], height: numbers[1], steps: numbers[2])
            let shift = Flux2Schedule.shift(tokens: (numbers[0] * numbers[1] + 128) / 256, steps: numbers[2])
            #expect(abs(shift - expected.mu) <= 1e-9, "\(key)")
            #expect(largestRelativeDifference(sigmas, expected.sigmas) <= 1e-5, "\(key)")
            largest = max(largest, largestRelativeDifference(sigmas, expected.sigmas))
        }
        figure("Flux2Scheduler: largest relative difference \(largest)")
    }

    @Test func normalOnAFlowModelIsTheScheduleOfDiffusers() throws {
        let golden = try SamplingGolden.load("diffusers.json", as: SamplingGolden.Diffusers.self)
        var largest = 0.0
        for run in golden.flowMatch {
            let model = try ModelSampling.flow(shift: run.shift)
            let sigmas = Scheduler.normal.sigmas(for: model, steps: run.steps)
            let timesteps = sigmas.dropLast().map { model.timestep(of: $0) }
            #expect(largestRelativeDifference(sigmas, run.sigmas) <= 1e-5, "\(run.class) \(run.steps)")
            #expect(largestRelativeDifference(timesteps, run.timesteps) <= 1e-5, "\(run.class) \(run.steps)")
            largest = max(largest, largestRelativeDifference(sigmas, run.sigmas))
        }
        figure("normal against diffusers: largest relative difference \(largest)")
    }

    @Test func namesAreComfyUIsInItsOrder() throws {
        #expect(
            Scheduler.names == [
                "simple", "sgm_uniform", "karras", "exponential", "ddim_uniform", "beta", "normal",
                "linear_quadratic", "kl_optimal",
            ])
        #expect(throws: SamplingError.unknownScheduler(name: "kerras", known: Scheduler.names)) {
            try Scheduler.named("kerras")
        }
    }

    @Test(arguments: Scheduler.allCases)
    func everyRangeOfTheSamplerNodeGivesUsableLevels(scheduler: Scheduler) throws {
        let models: [ModelSampling] = try [
            .flow(shift: 0.01), .flow(shift: 1), .flow(shift: 3), .flow(shift: 100), .flux(shift: 0),
            .flux(shift: 1.15), .flux(shift: 10), .epsilon(),
        ]
        let whole = [1, 2, 3, 7, 999, 1000, 1001, 10_000].map { (steps: $0, denoise: 1.0) }
        let partial = [0.9999, 0.99, 0.5, 0.01].map { (steps: 20, denoise: $0) }
        for model in models {
            for (steps, denoise) in whole + partial {
                for discards in [false, true] {
                    let sigmas = scheduler.sigmas(
                        for: model, steps: steps, denoise: denoise, discardsPenultimate: discards)
                    let label: Comment = "\(model.kind), \(steps) steps, denoise \(denoise)"
                    #expect(sigmas.count >= 2, label)
                    #expect(sigmas.allSatisfy { $0.isFinite && $0 >= 0 }, label)
                    #expect(zip(sigmas, sigmas.dropFirst()).allSatisfy { $0 >= $1 }, label)
                    #expect(sigmas.last == 0, label)
                    #expect((sigmas.first ?? 0) <= model.sigmaMax * 1.000001, label)
                    if scheduler != .ddimUniform { #expect(sigmas.count <= steps + 1, label) }
                }
            }
        }
    }

    @Test(arguments: Scheduler.allCases)
    func theLongestScheduleIsBounded(scheduler: Scheduler) throws {
        let sigmas = scheduler.sigmas(for: try .flow(shift: 3), steps: 10_000, denoise: 1e-12)
        #expect(sigmas.allSatisfy { $0.isFinite && $0 >= 0 })
        #expect(sigmas.last == 0)
        #expect(sigmas.count <= 10_001)
    }

    @Test(arguments: Scheduler.allCases)
    func partialDenoisingWalksTheEndOfALongerSchedule(scheduler: Scheduler) throws {
        let model = try ModelSampling.flow(shift: 3)
        let whole = scheduler.sigmas(for: model, steps: 33)
        #expect(scheduler.sigmas(for: model, steps: 20, denoise: 0.6) == whole.suffix(21))
        #expect(scheduler.sigmas(for: model, steps: 20, denoise: 0) == [])
        #expect(scheduler.sigmas(for: model, steps: 20, denoise: -1) == [])
        #expect(scheduler.sigmas(for: model, steps: 20, denoise: .nan) == [])
        #expect(scheduler.sigmas(for: model, steps: 0) == [])
        #expect(
            scheduler.sigmas(for: model, steps: 20, denoise: 0.99995)
                == scheduler.sigmas(for: model, steps: 20))
    }

    @Test func discardingThePenultimateKeepsTheRest() throws {
        let model = try ModelSampling.epsilon()
        let longer = Scheduler.karras.sigmas(for: model, steps: 9)
        let sigmas = Scheduler.karras.sigmas(for: model, steps: 8, discardsPenultimate: true)
        #expect(sigmas == longer.prefix(8) + [0])
    }

    @Test func betaDistributionMatchesSciPy() {
        // scipy.stats.beta.cdf(x, a, b), SciPy 1.17.1
        let cases: [(a: Double, b: Double, x: Double, expected: Double)] = [
            (0.6, 0.6, 1e-6, 0.0001733284225060189), (0.6, 0.6, 0.01, 0.04360371488475065),
            (0.6, 0.6, 0.3, 0.35252651177214367),
            (0.6, 0.6, 0.5, 0.5), (0.6, 0.6, 0.9995, 0.9927842031169652), (2, 5, 0.2, 0.3446400000000002),
            (30, 0.5, 0.98, 0.2728982652346767),
        ]
        for (a, b, x, expected) in cases {
            let value = BetaDistribution(a, b).cumulative(x)
            #expect(abs(value - expected) <= 1e-12 * expected, "a \(a), b \(b), x \(x): \(value)")
        }
    }
}
