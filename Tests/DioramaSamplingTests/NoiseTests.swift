import DioramaSampling
import DioramaTensor
import Testing

@Suite struct NoiseTests {
    private let device = Device.reference()

    @Test func startingNoiseIsTorchs() throws {
        let golden = try SamplingGolden.load("noise.json", as: SamplingGolden.Noise.self)
        for start in golden.starts {
            let seed = try #require(UInt64(start.seed))
            let noise = try NoiseSource.start(
                seed: seed, shape: Shape(start.shape), batchIndex: start.batchIndex, on: device)
            #expect(noise.shape == Shape(start.shape))
            #expect(noise.floats() == start.values, "seed \(seed), batch index \(start.batchIndex ?? [])")
        }
    }

    @Test func noiseOfStepsIsTorchsWithTheNextSeed() throws {
        let golden = try SamplingGolden.load("noise.json", as: SamplingGolden.Noise.self)
        for steps in golden.steps {
            var source = NoiseSource(seed: try #require(UInt64(steps.seed)))
            let x = Tensor.zeros(Shape(steps.shape), on: device)
            for draw in steps.draws { #expect(source.next(like: x).floats() == draw) }
        }
    }

    @Test func seedsAreNumPys() throws {
        let golden = try SamplingGolden.load("noise.json", as: SamplingGolden.Noise.self)
        #expect(!golden.seeds.isEmpty)
        for seeds in golden.seeds {
            let sequence = SeedSequence(
                entropy: try #require(UInt64(seeds.entropy)), path: seeds.path, poolSize: seeds.poolSize)
            #expect(sequence.state(seeds.state.count) == seeds.state, "\(seeds.entropy), \(seeds.path)")
        }
    }

    @Test(arguments: [-1, 65_536, Int.max])
    func anImpossibleBatchIndexIsASentence(index: Int) {
        #expect(throws: SamplingError.batchIndexOutOfRange(index, limit: 65_535)) {
            try NoiseSource.start(seed: 0, shape: [2, 1, 2, 2], batchIndex: [0, index], on: device)
        }
    }

    @Test func flowBlendsAndEpsilonAdds() throws {
        let latent = Tensor([2, -4] as [Float], [1, 2], on: device)
        let noise = Tensor([1, 3] as [Float], [1, 2], on: device)
        let flow = try ModelSampling.flow(shift: 3)
        let epsilon = try ModelSampling.epsilon()
        #expect(flow.noised(latent, with: noise, sigma: 0.25).floats() == [1.75, -2.25])
        #expect(
            flow.unnoised(flow.noised(latent, with: noise * 0, sigma: 0.25), sigma: 0.25).floats() == [2, -4])
        #expect(flow.unnoised(latent, sigma: 1).floats() == [2, -4])
        #expect(epsilon.noised(latent, with: noise, sigma: 0.75).floats() == [2.75, -1.75])
        #expect(epsilon.noised(latent, with: noise, sigma: 0.75, isMaximum: true).floats() == [3.25, -0.25])
        #expect(epsilon.unnoised(latent, sigma: 0.75).floats() == [2, -4])
    }

    @Test func theModelsOutputLeadsToThePicture() throws {
        let x = Tensor([2, -4] as [Float], [1, 2], on: device)
        let output = Tensor([1, 3] as [Float], [1, 2], on: device)
        let flow = try ModelSampling.flow(shift: 3)
        let epsilon = try ModelSampling.epsilon()
        #expect(flow.denoised(from: output, x: x, sigma: 0.5).floats() == [1.5, -5.5])
        #expect(flow.modelInput(x, sigma: 0.75).floats() == [2, -4])
        #expect(epsilon.modelInput(x, sigma: 0.75).floats() == [1.6, -3.2])
        #expect(epsilon.isMaximum(14.61464) && epsilon.isMaximum(20) && !epsilon.isMaximum(14.6))
    }
}
