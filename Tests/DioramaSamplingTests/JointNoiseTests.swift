import DioramaSampling
import DioramaTensor
import Testing

/// Several runs that are walked as one batch, against each by itself.
@Suite struct JointNoiseTests {
    private let device = Device.reference()

    private func toy(_ x: Tensor, _ sigma: Float) -> Denoised {
        let denoised = tanh(x * 0.8) * 0.9 + 0.05
        return Denoised(denoised, unconditional: denoised * 0.8)
    }

    @Test(arguments: Sampler.all.filter(\.walksBatchesApart).map(\.name))
    func eachRunHasTheLatentsThatItHasAlone(name: String) throws {
        let sampler = try Sampler.named(name)
        let seeds: [UInt64] = [3, 4, 3]
        for model in [try ModelSampling.flow(shift: 3), try .epsilon()] {
            let sigmas = try Scheduler.named("normal").sigmas(for: model, steps: 5)
            let noises = try seeds.map { try NoiseSource.start(seed: $0, shape: [2, 1, 4, 5], on: device) }
            let alone = try zip(seeds, noises).map { seed, noise in
                try sampler.sample(
                    latent: .zeros(noise.shape, on: device), noise: noise, sigmas: sigmas, model: model,
                    seed: seed, denoise: toy)
            }
            let joint = try sampler.sample(
                latent: .zeros([6, 1, 4, 5], on: device), noise: .concatenated(noises, axis: 0),
                sigmas: sigmas, model: model, stepNoise: NoiseSource(seeds: seeds), mask: nil, denoise: toy,
                onStep: { _ in })
            #expect(joint.floats() == alone.flatMap { $0.floats() }, "\(model.kind)")
        }
    }

    @Test func onlyEqualSamplersThatWalkApartAreJoined() throws {
        #expect(Sampler.all.filter { !$0.walksBatchesApart }.map(\.name) == ["dpm_adaptive"])
        #expect(try Sampler.named("euler").walksBatchesApart)
        #expect(!Sampler.dpmAdaptive().walksBatchesApart)
        #expect(!Sampler("euler") { _, x in x }.walksBatchesApart)
    }
}
