import DioramaSampling
import DioramaTensor
import DioramaTestSupport
import Testing

/// The samplers that choose their own steps.
@Suite struct DPMSolverTests {
    private let device = Device.reference()

    private func toy(_ x: Tensor, _ sigma: Float) -> Denoised {
        Denoised(tanh(x * 0.8) * 0.9 + 0.05)
    }

    /// linspace(-1.5, 1.5, 16) as [1, 1, 4, 4].
    private var noise: Tensor {
        Tensor((0..<16).map { -1.5 + 3 * Float($0) / 15 }, [1, 1, 4, 4], on: device)
    }

    private func steps(_ options: [String: Double]) -> AdaptiveSteps {
        var steps = AdaptiveSteps()
        if options["order"] == 2 { steps.order = .second }
        steps.relativeTolerance = options["rtol"] ?? steps.relativeTolerance
        steps.absoluteTolerance = options["atol"] ?? steps.absoluteTolerance
        steps.firstLength = options["h_init"] ?? steps.firstLength
        steps.proportional = options["pcoeff"] ?? steps.proportional
        steps.integral = options["icoeff"] ?? steps.integral
        steps.derivative = options["dcoeff"] ?? steps.derivative
        steps.acceptance = options["accept_safety"] ?? steps.acceptance
        steps.eta = options["eta"] ?? steps.eta
        steps.noiseScale = options["s_noise"] ?? steps.noiseScale
        return steps
    }

    /// A run of a sampler over levels, and what its observer is told.
    private func walk(
        _ sampler: Sampler, over sigmas: [Float], scale: Float = 1,
        denoise: (@Sendable (Tensor, Float) -> Denoised)? = nil
    ) throws -> (end: [Float], seen: [SamplingStep], evaluations: Int) {
        var seen: [SamplingStep] = []
        var evaluations = 0
        let end = try sampler.walk(
            from: noise * scale, sigmas: sigmas, model: .epsilon(), noise: NoiseSource(seed: 1234),
            denoise: {
                evaluations += 1
                return denoise?($0, $1) ?? toy($0, $1)
            }, onStep: { seen.append($0) })
        return (end.floats(), seen, evaluations)
    }

    @Test func optionsDoWhatTheyDoInComfyUI() throws {
        let golden = try SamplingGolden.load("adaptive.json", as: SamplingGolden.Adaptive.self)
        #expect(golden.cases.count == 22)
        for example in golden.cases {
            let run = try walk(
                .dpmAdaptive(steps(example.options)), over: [example.first, example.last],
                scale: example.first)
            let error = relativeError(run.end, example.result)
            let what = "\(example.first) to \(example.last), \(example.options)"
            #expect(error <= Tolerance.f32.op, "\(what)")
            #expect(run.evaluations == example.nfe, "\(what)")
            #expect(run.seen.count { $0.sigma != $0.next } == example.n_accept, "\(what)")
            #expect(run.seen.count { $0.sigma == $0.next } == example.n_reject, "\(what)")
            figure("dpm_adaptive \(what): relative error \(error)")
        }
    }

    /// With the prediction −x the latent follows x(σ) = x(σ₀)·(σ / σ₀)².
    @Test(arguments: [(AdaptiveSteps.Order.second, 2e-2), (.third, 5e-3)])
    func smallerTolerancesComeNearer(order: AdaptiveSteps.Order, start: Double) throws {
        var steps = AdaptiveSteps()
        steps.order = order
        var errors: [Double] = []
        for tolerance in [1e-1, 1e-3] {
            (steps.relativeTolerance, steps.absoluteTolerance) = (tolerance, tolerance / 10)
            let end = try walk(.dpmAdaptive(steps), over: [1, 0.25]) { x, _ in Denoised(x * -1.0) }.end
            errors.append(Double(relativeError(end, (noise * 0.0625).floats())))
        }
        #expect(errors[1] < errors[0] / 5, "\(errors)")
        #expect(errors[1] < start, "\(errors)")
    }

    @Test(
        "fast steps ask the model as often as a run has steps",
        arguments: [
            (1, [0]), (2, [1]), (3, [1, 2]), (4, [2, 3]), (5, [2, 4]), (6, [2, 4, 5]), (8, [2, 5, 7]),
        ])
    func fast(count: Int, indices: [Int]) throws {
        let sigmas = Scheduler.karras.sigmas(for: try .epsilon(), steps: count)
        let run = try walk(.named("dpm_fast"), over: sigmas, scale: sigmas[0])
        #expect(run.evaluations == count)
        #expect(run.seen.map(\.index) == indices)
        #expect(run.seen.allSatisfy { $0.count == count })
        #expect(run.seen.last?.x.floats() == run.end)
        // A run to 0 ends at the last level above it.
        #expect(abs((run.seen.last?.next ?? 0) / sigmas[count - 1] - 1) < 1e-5)
    }

    @Test func progressGrowsToTheEndOverAdaptiveSteps() throws {
        let sigmas = Scheduler.karras.sigmas(for: try .epsilon(), steps: 12)
        let run = try walk(.named("dpm_adaptive"), over: sigmas, scale: sigmas[0])
        let indices = run.seen.map(\.index)
        #expect(indices == indices.sorted())
        #expect(indices.first == 0)
        #expect(indices.last == 11)
        #expect(indices.count { $0 == 11 } == 1)
        #expect(Set(indices).count > 4)
        #expect(run.seen.allSatisfy { $0.count == 12 })
        #expect(zip(run.seen, run.seen.dropFirst()).allSatisfy { $0.next == $1.sigma })
        #expect(run.seen.last?.x.floats() == run.end)
    }

    @Test func aRunThatCannotEndIsASentence() throws {
        let changes: [(inout AdaptiveSteps) -> Void] = [
            { $0.firstLength = 0 },
            { ($0.relativeTolerance, $0.absoluteTolerance) = (0, 0) },
            { $0.acceptance = 100 },
            { ($0.proportional, $0.integral, $0.derivative) = (100, 100, 100) },
            { ($0.proportional, $0.acceptance) = (100, 2.5) },
            { ($0.firstLength, $0.acceptance) = (100, 100) },
            { $0.firstLength = .nan },
            { $0.evaluationLimit = 9 },
        ]
        for (place, change) in changes.enumerated() {
            for order in [AdaptiveSteps.Order.second, .third] {
                var steps = AdaptiveSteps()
                steps.order = order
                change(&steps)
                do {
                    let run = try walk(.dpmAdaptive(steps), over: [14.614643, 0.0291671], scale: 14.614643)
                    #expect(run.end.allSatisfy { $0.isFinite })
                    #expect([3, 4].contains(place), "\(place)")
                } catch let error as SamplingError {
                    guard case .noWayOn("dpm_adaptive", _, let evaluations) = error else { throw error }
                    #expect(evaluations <= 2002)
                    #expect("\(error)".contains("has come no farther than noise level"))
                    #expect("\(error)".contains("allow larger errors (rtol, atol)"))
                }
            }
        }
    }

    @Test func levelsWithoutALogarithmAreASentence() throws {
        for name in ["dpm_fast", "dpm_adaptive"] {
            for sigmas: [Float] in [
                [0, 0.5, 1], [1, 0.5, -1], [.infinity, 1, 0], [1, .nan], [-1, 0], [1, -1, 0],
            ] {
                let error = #expect(throws: SamplingError.self) { try walk(.named(name), over: sigmas) }
                #expect(
                    error?.description
                        == "The noise levels do not suit the sampler “\(name)”: it starts and ends above 0 and takes only "
                        + "numbers as levels.")
            }
        }
        var steps = AdaptiveSteps()
        steps.eta = 1
        let error = #expect(throws: SamplingError.self) { try walk(.dpmAdaptive(steps), over: [0.5, 1]) }
        #expect(error?.description.contains("turn the levels around or set eta to 0") == true)
    }

    @Test func valuesThatAreNoNumbersAreShownToTheObserver() throws {
        struct Seen: Error {}
        #expect(throws: Seen.self) {
            try Sampler.dpmAdaptive().walk(
                from: noise, sigmas: [1, 0.5], model: .epsilon(), noise: NoiseSource(seed: 0),
                denoise: { x, _ in Denoised(x * Float.nan) },
                onStep: { if !$0.x.allFinite { throw Seen() } })
        }
        let end = try walk(.dpmAdaptive(), over: [1, 0.5]) { x, _ in Denoised(x * Float.nan) }.end
        #expect(end.allSatisfy { $0.isNaN })
    }
}
