import Diorama
import DioramaSampling
import DioramaTensor
import DioramaTestSupport
import Testing

/// The nodes whose parts make a sampler, over a network that knows the picture.
@Suite struct CustomSamplingTests {
    let bench: Workbench
    private let sample: Model
    private let target: Tensor

    init() async throws {
        bench = try Workbench()
        sample = try await bench.checkpoint().model
        target = bench.noise([1, 16, 4, 6], seed: 9)
    }

    private var model: Model {
        var model = sample
        model.network = ToyNetwork(target)
        return model
    }

    private func prompt(_ number: Float, length: Int = 2) -> Conditioning {
        Conditioning([ToyNetwork.prompt(number, length: length, on: bench.device)])
    }

    private var empty: Latent { Latent(samples: .zeros([1, 16, 4, 6], on: bench.device)) }

    private func sigmas(_ steps: Int) throws -> Sigmas {
        Sigmas(try Scheduler.named("normal").sigmas(for: sample.sampling, steps: steps))
    }

    private func sampled(
        _ className: String, _ literals: JSON.Object, _ more: [String: any PortValue] = [:]
    ) async throws -> Latent {
        var given: [String: any PortValue] = [
            "model": model, "positive": prompt(1), "negative": prompt(0), "latent_image": empty,
        ]
        for (name, value) in more { given[name] = value }
        return try await bench.output(of: className, literals, given: given)
    }

    @Test("the parts together are KSampler, to the bit", arguments: ["euler", "euler_ancestral", "dpmpp_2m"])
    func partsAreTheWhole(name: String) async throws {
        let whole = try await sampled(
            "KSampler",
            ["seed": 7, "steps": 4, "cfg": 3, "sampler_name": .string(name), "scheduler": "normal"])
        let custom = try await sampled(
            "SamplerCustom", ["noise_seed": 7, "cfg": 3],
            ["sampler": try Sampler.named(name), "sigmas": try sigmas(4)])
        #expect(custom.samples.floats() == whole.samples.floats())
        let guider: Guider = try await bench.output(
            of: "CFGGuider", ["cfg": 3],
            given: ["model": model, "positive": prompt(1), "negative": prompt(0)])
        let advanced: Latent = try await bench.output(
            of: "SamplerCustomAdvanced",
            given: [
                "noise": Noise(seed: 7), "guider": guider, "sampler": try Sampler.named(name),
                "sigmas": try sigmas(4), "latent_image": empty,
            ])
        #expect(advanced.samples.floats() == whole.samples.floats())
    }

    @Test func theSecondOutputIsThePictureThatTheModelSaw() async throws {
        let result = try await bench.run(
            "SamplerCustomAdvanced",
            given: [
                "noise": Noise(seed: 7), "guider": Guider(model, positive: prompt(1)),
                "sampler": try Sampler.named("euler"), "sigmas": Sigmas([1, 0.5]), "latent_image": empty,
            ])
        let seen = try #require(result.value("node", output: 1, as: Latent.self))
        #expect(relativeError(sample.latentFormat.toModel(seen.samples), target) < Tolerance.f32.block)
        let output = try #require(result.value("node", as: Latent.self))
        #expect(relativeError(sample.latentFormat.toModel(output.samples), target) > 0.1)
    }

    @Test("two samplers that share a schedule are one", arguments: ["euler", "heun"])
    func sharedSchedule(name: String) async throws {
        func part(_ literals: JSON.Object, _ latent: Latent) async throws -> Latent {
            var all: JSON.Object = [
                "noise_seed": 7, "steps": 6, "cfg": 3, "sampler_name": .string(name), "scheduler": "normal",
            ]
            for (key, value) in literals { all[key] = value }
            return try await sampled("KSamplerAdvanced", all, ["latent_image": latent])
        }
        let whole = try await part([:], empty)
        let first = try await part(["end_at_step": 3, "return_with_leftover_noise": "enable"], empty)
        let second = try await part(["start_at_step": 3, "add_noise": "disable"], first)
        #expect(relativeError(second.samples, whole.samples) < Tolerance.f32.block)
        // Without leftover noise the first part ends with a picture; past the end nothing is done.
        let ended = try await part(["end_at_step": 3], empty)
        #expect(relativeError(sample.latentFormat.toModel(ended.samples), target) < Tolerance.f32.block)
        let nothing = try await part(["start_at_step": 6, "add_noise": "disable"], first)
        #expect(relativeError(nothing.samples, first.samples) < Tolerance.f32.op)
    }

    @Test func noiseLevelsAreCutTurnedAndReplaced() async throws {
        let levels = Sigmas([1, 0.75, 0.5, 0.25, 0])
        func both(_ name: String, _ literals: JSON.Object) async throws -> [[Float]] {
            let result = try await bench.run(name, literals, given: ["sigmas": levels])
            return (0..<result.values["node", default: []].count).compactMap {
                result.value("node", output: $0, as: Sigmas.self)?.levels
            }
        }
        #expect(try await both("SplitSigmas", ["step": 2]) == [[1, 0.75, 0.5], [0.5, 0.25, 0]])
        #expect(try await both("SplitSigmas", ["step": 9]) == [[1, 0.75, 0.5, 0.25, 0], []])
        #expect(try await both("SplitSigmasDenoise", ["denoise": 0.5]) == [[1, 0.75, 0.5], [0.5, 0.25, 0]])
        // 4 x 0.625 = 2.5 goes to the even 2; no step leaves the first part empty, as a slice up to -0 does.
        #expect(
            try await both("SplitSigmasDenoise", ["denoise": 0.62]) == [[1, 0.75, 0.5], [0.5, 0.25, 0]])
        #expect(try await both("SplitSigmasDenoise", ["denoise": 0]) == [[], [0]])
        #expect(try await both("FlipSigmas", [:]) == [[0.0001, 0.25, 0.5, 0.75, 1]])
        #expect(try await both("SetFirstSigma", ["sigma": 2]) == [[2, 0.75, 0.5, 0.25, 0]])
        #expect(
            await bench.failure(of: "SetFirstSigma", given: ["sigmas": Sigmas([])])
                == "node (SetFirstSigma): sigmas holds no levels, so it has no first one")
    }

    @Test(
        "numbers are found in any text",
        arguments: [
            ("1, 0.5", [1, 0.5]), ("[1.0;.25 -2]", [1, 0.25, -2]), ("1.", [1]), ("a1b2", [1, 2]),
            ("1.5.5", [1.5, 0.5]),
        ] as [(String, [Float])])
    func manual(text: String, levels: [Float]) async throws {
        let sigmas: Sigmas = try await bench.output(of: "ManualSigmas", ["sigmas": .string(text)])
        #expect(sigmas.levels == levels)
    }

    @Test func manualLevelsHaveLimits() async throws {
        let none = await bench.failure(of: "ManualSigmas", ["sigmas": "none"])
        #expect(
            none?.contains("\"sigmas\": has no numbers; write noise levels such as 1, 0.5, 0") == true,
            "\(none ?? "")")
        let many = String(repeating: "1 ", count: 20_000)
        let tooMany = await bench.failure(of: "ManualSigmas", ["sigmas": .string(many)])
        #expect(tooMany?.contains("has more than 10001 numbers") == true)
        let digits = String(repeating: "9", count: 60)
        let beyond = await bench.failure(of: "ManualSigmas", ["sigmas": .string(digits)])
        #expect(beyond?.contains("beyond the range") == true)
    }

    /// Values of ComfyUI's functions: `get_sigmas_karras(4, 0.0291675, 14.614642)` as k-diffusion defines it.
    @Test func schedulersOfTheirOwnGiveTheirFormulas() async throws {
        let karras: Sigmas = try await bench.output(of: "KarrasScheduler", ["steps": 4])
        let expected: [Float] = [14.614642, 3.1686, 0.44692, 0.02917, 0]
        for (level, value) in zip(karras.levels, expected) {
            #expect(abs(level - value) <= 1e-4 * max(1, value))
        }
        let exponential: Sigmas = try await bench.output(
            of: "ExponentialScheduler", ["steps": 3, "sigma_max": 4, "sigma_min": 1])
        #expect(relativeError(exponential.levels, [4, 2, 1, 0]) < Tolerance.f32.op)
        let flux: Sigmas = try await bench.output(of: "Flux2Scheduler", ["steps": 4])
        for (level, value) in zip(flux.levels, [1, 0.967384, 0.908144, 0.767200, 0] as [Float]) {
            #expect(abs(level - value) < 1e-5)
        }
        let basic: Sigmas = try await bench.output(
            of: "BasicScheduler", ["scheduler": "beta", "steps": 5], given: ["model": sample])
        let beta: Sigmas = try await bench.output(
            of: "BetaSamplingScheduler", ["steps": 5], given: ["model": sample])
        #expect(beta.levels == basic.levels)
        // Of the times 999, 899, ... those behind half of the way, by the flow model's shift a t / (1 + (a - 1) t).
        let turbo: Sigmas = try await bench.output(
            of: "SDTurboScheduler", ["steps": 2, "denoise": 0.5], given: ["model": sample])
        #expect(turbo.levels == [499, 399].map { Float(sample.sampling.sigma(at: $0)) } + [0])
        for (name, input) in [("KarrasScheduler", "rho"), ("ExponentialScheduler", "sigma_min")] {
            #expect(
                await bench.failure(of: name, JSON.Object([(input, JSON.integer(0))]))?.contains(
                    "\(input) is 0") == true)
        }
        #expect(
            await bench.failure(of: "BetaSamplingScheduler", ["alpha": 0], given: ["model": sample])
                == "node (BetaSamplingScheduler): alpha is 0; a Beta distribution's parameters are above 0")
    }

    // MARK: Masks

    private func mask(_ values: [Float]) -> Mask {
        Mask(coverage: Tensor(values, [1, 1, 2], on: bench.device))
    }

    @Test("what a mask keeps is kept to the last digits", arguments: ["euler", "ddim", "euler_ancestral"])
    func inpainting(name: String) async throws {
        let latent = Latent(samples: bench.noise([1, 16, 4, 6], seed: 3))
        let masked: Latent = try await bench.output(
            of: "SetLatentNoiseMask",
            given: ["samples": latent, "mask": Mask(coverage: halves)])
        let result = try await sampled(
            "KSampler", ["steps": 3, "cfg": 3, "sampler_name": .string(name)], ["latent_image": masked])
        #expect(result.noiseMask?.coverage.floats() == halves.floats())
        let (left, right) = (0..<3, 3..<6)
        #expect(
            relativeError(
                result.samples.narrowed(axis: 3, left), latent.samples.narrowed(axis: 3, left))
                < Tolerance.f32.op)
        #expect(
            relativeError(
                sample.latentFormat.toModel(result.samples).narrowed(axis: 3, right),
                target.narrowed(axis: 3, right)) < Tolerance.f32.block)
    }

    /// The right half of 4 x 6 cells may change.
    private var halves: Tensor {
        Tensor((0..<24).map { $0 % 6 < 3 ? Float(0) : 1 }, [1, 4, 6], on: bench.device)
    }

    @Test func aSoftMaskMixesAndADifferentialOneDecides() async throws {
        let coverage = Tensor((0..<24).map { $0 % 6 < 3 ? Float(0.25) : 1 }, [1, 4, 6], on: bench.device)
        let sigmas = SamplingMask.differential(
            coverage, strength: 1, sigmas: [1, 0.5, 0], model: sample.sampling)
        // At the start only what is wholly covered changes, at the end everything above 0.
        #expect(sigmas(1).floats() == (0..<24).map { $0 % 6 < 3 ? 0 : 1 })
        #expect(sigmas(0.2).floats() == [Float](repeating: 1, count: 24))
        let mixed = SamplingMask.differential(
            coverage, strength: 0.5, sigmas: [1, 0.5, 0], model: sample.sampling)
        #expect(mixed(1).floats() == (0..<24).map { $0 % 6 < 3 ? 0.125 : 1 })
        let changed: Model = try await bench.output(
            of: "DifferentialDiffusion", ["strength": 0.5], given: ["model": model])
        #expect(changed.differentialStrength == 0.5)
    }

    // MARK: Conditioning

    @Test func promptsAreCombinedByWeightPlaceAndTime() async throws {
        // A network whose answer is its prompt's number: the weighted mean can be read off the denoised picture.
        var counting = sample
        counting.network = CountingNetwork()
        func seen(_ positive: Conditioning, sigma: Float) throws -> [Float] {
            let guided = try GuidedModel(
                Guider(counting, positive: positive), latent: [1, 16, 1, 2], needsUnconditional: false)
            let x = Tensor.zeros([1, 16, 1, 2], on: bench.device)
            // x0 = x - sigma * velocity.
            return Array(try guided(x, sigma: sigma).guided.floats().prefix(2)).map { -$0 / sigma }
        }
        let both: Conditioning = try await bench.output(
            of: "ConditioningCombine", given: ["conditioning_1": prompt(1), "conditioning_2": prompt(4)])
        #expect(try seen(both, sigma: 0.5) == [2.5, 2.5])
        let masked: Conditioning = try await bench.output(
            of: "ConditioningSetMask", ["strength": 3],
            given: ["conditioning": prompt(4), "mask": mask([0, 1])])
        let regional = Conditioning(entries: prompt(1).entries + masked.entries)
        #expect(try seen(regional, sigma: 0.5) == [1, (1 + 3 * 4) / 4])
        let late: Conditioning = try await bench.output(
            of: "ConditioningSetTimestepRange", ["start": 0.5], given: ["conditioning": prompt(4)])
        let timed = Conditioning(entries: prompt(1).entries + late.entries)
        #expect(try seen(timed, sigma: 0.99) == [1, 1])
        #expect(try seen(timed, sigma: 0.1) == [2.5, 2.5])
        // Where nothing holds there is nothing to see.
        #expect(try seen(late, sigma: 0.99) == [0, 0])
        #expect(
            await bench.failure(
                of: "ConditioningSetTimestepRange", ["start": 0.5, "end": 0.25],
                given: ["conditioning": prompt(1)])
                == "node (ConditioningSetTimestepRange): start is 0.5, behind the end 0.25")
    }

    @Test func tokensAreJoinedMixedAndZeroed() async throws {
        let folded = TextContext(
            tokens: Tensor([1, 2, 0] as [Float], [1, 3, 1], on: bench.device),
            pooled: Tensor([10] as [Float], [1, 1], on: bench.device), tailCount: 2)
        let other = TextContext(
            tokens: Tensor([5, 6] as [Float], [1, 2, 1], on: bench.device),
            pooled: Tensor([20] as [Float], [1, 1], on: bench.device))
        let given: [String: any PortValue] = [
            "conditioning_to": Conditioning([folded]), "conditioning_from": Conditioning([other]),
        ]
        let joined: Conditioning = try await bench.output(of: "ConditioningConcat", given: given)
        #expect(joined.entries[0].context.unfolded.floats() == [1, 2, 0, 0, 5, 6])
        #expect(joined.entries[0].context.pooled?.floats() == [10])
        let mixed: Conditioning = try await bench.output(
            of: "ConditioningAverage", ["conditioning_to_strength": 0.75], given: given)
        #expect(mixed.entries[0].context.unfolded.floats() == [2, 3, 0, 0])
        #expect(mixed.entries[0].context.pooled?.floats() == [12.5])
        let same: Conditioning = try await bench.output(
            of: "ConditioningAverage", ["conditioning_to_strength": 0.5],
            given: ["conditioning_to": Conditioning([folded]), "conditioning_from": Conditioning([folded])])
        #expect(same.entries[0].context.tailCount == 2)
        #expect(same.entries[0].context.tokens.floats() == [1, 2, 0])
        let zeros: Conditioning = try await bench.output(
            of: "ConditioningZeroOut", given: ["conditioning": Conditioning([folded])])
        #expect(zeros.entries[0].context.unfolded.floats() == [0, 0, 0, 0])
        #expect(zeros.entries[0].context.pooled?.floats() == [0])
        let wide = Conditioning([ToyNetwork.prompt(1, on: bench.device)])
        #expect(
            await bench.failure(
                of: "ConditioningConcat",
                given: ["conditioning_to": Conditioning([folded]), "conditioning_from": wide])
                == "node (ConditioningConcat): conditioning_from has tokens of 3 values, the other prompt of 1; encode both "
                + "with one text encoder")
    }
}

/// A network whose velocity is its prompt's number everywhere.
private struct CountingNetwork: DiffusionModel {
    let latentChannels = 16

    func check(latent: Shape, context: TextContext) throws {}

    func callAsFunction(
        _ latent: Tensor, timestep: Tensor, context: TextContext, through runner: BlockRunner
    ) throws -> Tensor {
        Tensor.full(context.tokens.floats()[0], latent.shape, on: latent.device)
    }
}
