import DioramaSampling
import DioramaTensor
import DioramaTestSupport
import Testing

/// Samplers that are written outside of the room, by what is public.
@Suite struct OwnSamplerTests {
    private let device = Device.reference()

    private func toy(_ x: Tensor, _ sigma: Float) -> Denoised {
        Denoised(tanh(x * 0.8) * 0.9 + 0.05)
    }

    private var start: Tensor {
        Tensor((0..<16).map { -1.5 + 3 * Float($0) / 15 }, [1, 1, 4, 4], on: device)
    }

    private func walk(_ sampler: Sampler, over sigmas: [Float] = [1, 0.75, 0.5, 0.25, 0]) throws -> [Float] {
        try sampler.walk(
            from: start, sigmas: sigmas, model: .flow(shift: 3), noise: NoiseSource(seed: 7), denoise: toy
        ).floats()
    }

    @Test func heunWrittenOverTheWalkIsTheOneThatThereIs() throws {
        let own = Sampler("own") { walk, x in
            try walk.run(from: x) { walk, step, x, denoised in
                let length = step.next - step.sigma
                let here = (x - denoised.guided) / step.sigma
                let ahead = x + here * length
                if step.next == 0 { return ahead }
                return x + (here + (try walk.derivative(ahead, step.next))) * (length / 2)
            }
        }
        #expect(own.name == "own")
        #expect(relativeError(try walk(own), try walk(.named("heun"))) <= Tolerance.f32.op)
    }

    /// The ancestral step of flow models with eta 1: down to next²/sigma, and back up by noise.
    @Test func stepsOfOnesOwnMakeTheAncestralSampler() throws {
        var told: [Int] = []
        let own = Sampler("own") { walk, x in
            var x = x
            for step in walk.steps {
                let denoised = try walk.denoised(x, step.sigma)
                if step.next == 0 {
                    x = denoised
                } else {
                    let down = step.next * step.next / step.sigma
                    let lower = x + (x - denoised) / step.sigma * (down - step.sigma)
                    let fade = (1 - step.next) / (1 - down)
                    let up = (step.next * step.next - down * down * fade * fade).squareRoot()
                    x = lower * fade + walk.noise.next(like: x) * up
                }
                try walk.finish(step, x, denoised)
            }
            return x
        }
        let end = try own.walk(
            from: start, sigmas: [1, 0.75, 0.5, 0.25, 0], model: .flow(shift: 3), noise: NoiseSource(seed: 7),
            denoise: toy, onStep: { told.append($0.index) })
        #expect(told == [0, 1, 2, 3])
        #expect(relativeError(end.floats(), try walk(.named("euler_ancestral"))) <= Tolerance.f32.op)
    }

    @Test func aMaskNeedsNothingFromTheSampler() throws {
        let mask = SamplingMask(Tensor([1, 1, 0, 0] as [Float], [1, 1, 1, 4], on: device))
        let own = Sampler("own") { walk, x in
            try walk.run(from: x) { walk, step, x, denoised in
                let half = (step.next - step.sigma) / 2
                let middle = x + (x - denoised.guided) / step.sigma * half
                return x + (try walk.derivative(middle, step.sigma + half)) * (2 * half)
            }
        }
        let end = try own.sample(
            latent: start, noise: start * 0.5, sigmas: [1, 0.5, 0.25, 0], model: .flow(shift: 3), seed: 1,
            mask: mask,
            denoise: toy
        ).floats()
        for (place, value) in start.floats().enumerated() where place % 4 >= 2 {
            #expect(abs(end[place] - value) <= 1e-5)
        }
    }

    @Test func aLatentUnlikeTheRunsIsASentence() throws {
        let wrong: [@Sendable (Tensor) -> Tensor] = [
            { $0.reshaped([16]) }, { $0.asType(.f16) }, { $0.to(.cpu()) }, { $0[0] },
        ]
        for change in wrong {
            let samplers = [
                Sampler("own") { _, x in change(x) },
                Sampler("own") { walk, x in try walk.denoised(change(x), 0.5) },
                Sampler("own") { walk, x in try walk.derivative(change(x), 0.5) },
                Sampler("own") { walk, x in try walk.run(from: x) { _, _, x, _ in change(x) } },
                Sampler("own") { walk, x in
                    for step in walk.steps { try walk.finish(step, x, change(x)) }
                    return x
                },
            ]
            for sampler in samplers {
                let error = #expect(throws: SamplingError.self) { try walk(sampler) }
                #expect(error?.description.hasPrefix("The sampler “own” makes a latent ") == true)
            }
        }
        let error = #expect(throws: SamplingError.self) {
            try walk(Sampler("own") { _, x in x.reshaped([16]) })
        }
        #expect(
            error?.description
                == "The sampler “own” makes a latent [16] f32 on \(device) from one [1, 1, 4, 4] f32 on \(device); mend its "
                + "formula so that shape, type and device stay as they are.")
    }

    @Test func whatItAsksForWithoutHavingItIsASentence() throws {
        let own = Sampler("own", needsUnconditional: true) { walk, x in
            try walk.run(from: x) { walk, _, _, denoised in try walk.unconditional(denoised) }
        }
        #expect(own.needsUnconditional)
        #expect(throws: SamplingError.missingUnconditional(sampler: "own")) { try walk(own) }
        struct Own: Error {}
        #expect(throws: Own.self) { try walk(Sampler("own") { _, _ in throw Own() }) }
    }
}
