import Diorama
import DioramaTensor
import DioramaTestSupport
import Testing

/// KSampler and ModelSamplingSD3, mostly over a network that knows the picture and notes how it is asked.
@Suite struct KSamplerTests {
    let bench: Workbench
    /// The sample model's schedule and scaling around the toy network.
    private let sample: Model
    private let target: Tensor

    init() async throws {
        bench = try Workbench()
        sample = try await bench.checkpoint().model
        target = bench.noise([1, 16, 4, 6], seed: 9)
    }

    private func model(_ network: ToyNetwork) -> Model {
        var model = sample
        model.network = network
        return model
    }

    /// What a sampler takes; the prompt is 1 and the negative prompt 0.
    private func given(_ model: Model, _ latent: Tensor? = nil, negativeLength: Int = 2) -> [String:
        any PortValue]
    {
        [
            "model": model,
            "positive": Conditioning([ToyNetwork.prompt(1, on: bench.device)]),
            "negative": Conditioning([ToyNetwork.prompt(0, length: negativeLength, on: bench.device)]),
            "latent_image": Latent(samples: latent ?? .zeros([1, 4, 4, 6], on: bench.device)),
        ]
    }

    /// The times that the model is told in a `simple` schedule.
    ///
    /// Of a table of t = 1/1000, 2/1000, ... 1 it takes each `steps`-th part from the end, shifted to
    /// sigma = a t / (1 + (a - 1) t), times 1000.
    private func simpleTimes(_ steps: Int, shift: Double) -> [Float] {
        (0..<steps).map { step in
            let t = Double(1000 - step * 1000 / steps) / 1000
            return Float(shift * t / (1 + (shift - 1) * t) * 1000)
        }
    }

    @Test("any number of steps leads to the picture that the network knows", arguments: [1, 2, 7])
    func arrives(steps: Int) async throws {
        let network = ToyNetwork(target)
        let latent: Latent = try await bench.output(
            of: "KSampler", ["steps": .integer(steps), "cfg": 1], given: given(model(network)))
        #expect(network.calls.count == steps)
        #expect(relativeError(sample.latentFormat.toModel(latent.samples), target) < Tolerance.f32.block)
    }

    @Test func guidanceAsksTheNegativePromptFirstInOneBatchAndScaleOneNotAtAll() async throws {
        for (cfg, prompts) in [(1.0, [1]), (4.0, [0, 1])] as [(Double, [Float])] {
            let network = ToyNetwork(target)
            try await bench.run(
                "KSampler", ["steps": 3, "cfg": .double(cfg)], given: given(model(network)))
            #expect(network.calls.map(\.prompts) == [[Float]](repeating: prompts, count: 3))
        }
    }

    @Test func promptsOfDifferentLengthsAreAskedOneAfterTheOther() async throws {
        let network = ToyNetwork(target)
        try await bench.run(
            "KSampler", ["steps": 2, "cfg": 4], given: given(model(network), negativeLength: 5))
        #expect(network.calls.map(\.prompts) == [[1], [0], [1], [0]])
    }

    @Test("the shift decides the times that the model is told", arguments: [1.0, 3.0, 5.5])
    func shift(shift: Double) async throws {
        let network = ToyNetwork(target)
        let original = model(network)
        let patched: Model = try await bench.output(
            of: "ModelSamplingSD3", ["shift": .double(shift)], given: ["model": original])
        try await bench.run("KSampler", ["steps": 6, "cfg": 1], given: given(patched))
        #expect(
            relativeError(network.calls.flatMap(\.times), simpleTimes(6, shift: shift)) < Tolerance.f32.op)
        #expect(original.sampling == sample.sampling)
    }

    @Test func aShiftOfZeroIsASentence() async throws {
        #expect(
            await bench.failure(of: "ModelSamplingSD3", ["shift": 0], given: ["model": sample])
                == "node (ModelSamplingSD3): shift is 0, which leaves no noise to remove; use 0.01 or more")
    }

    @Test func partOfTheWayIsTheEndOfALongerOne() async throws {
        let network = ToyNetwork(target)
        let start = bench.noise([1, 16, 4, 6], seed: 3)
        let patched: Model = try await bench.output(
            of: "ModelSamplingSD3", ["shift": 3], given: ["model": model(network)])
        let latent: Latent = try await bench.output(
            of: "KSampler", ["steps": 4, "cfg": 1, "denoise": 0.4, "seed": 6], given: given(patched, start))
        // int(4 / 0.4) = 10 steps, of which the last four are walked.
        let times = simpleTimes(10, shift: 3).suffix(4)
        #expect(relativeError(network.calls.flatMap(\.times), Array(times)) < Tolerance.f32.op)
        // The first level mixes noise into the scaled latent: sigma noise + (1 - sigma) latent.
        let sigma = (times.first ?? 0) / 1000
        var generator = TorchGenerator(seed: 6)
        let noisy =
            generator.randn(start.shape, on: bench.device) * sigma
            + sample.latentFormat.toModel(start) * (1 - sigma)
        let first = try #require(network.calls.first)
        #expect(relativeError(first.latent, noisy) < Tolerance.f32.op)
        #expect(relativeError(sample.latentFormat.toModel(latent.samples), target) < Tolerance.f32.block)
    }

    @Test func nothingToDenoiseLeavesTheLatent() async throws {
        let network = ToyNetwork(target)
        let start = bench.noise([1, 16, 4, 6], seed: 3)
        let latent: Latent = try await bench.output(
            of: "KSampler", ["steps": 4, "denoise": 0], given: given(model(network), start))
        #expect(network.calls.isEmpty)
        #expect(relativeError(latent.samples, start) < Tolerance.f32.op)
    }

    @Test("the noise of a batch is one draw of torch's generator", arguments: [0, 1, .max] as [UInt64])
    func batchNoise(seed: UInt64) async throws {
        // 4 x 16 x 16 x 16 = 16,384 values, of which the golden has torch's bits in a hash.
        let network = ToyNetwork(bench.noise([1, 16, 16, 16]))
        let empty = Tensor.zeros([4, 16, 16, 16], on: bench.device)
        try await bench.run(
            "KSampler", ["steps": 1, "cfg": 1, "seed": JSON(seed)], given: given(model(network), empty))
        let first = try #require(network.calls.first)
        // The highest level of a flow model is noise alone.
        #expect(first.times == [1000, 1000, 1000, 1000])
        let halves = try Fixture("randn.safetensors").ints("\(seed).f32.16384")
        let bytes = first.latent.floats().flatMap { value in
            (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> ($0 * 8)) }
        }
        #expect(fnv1a(bytes) == UInt64(halves[0]) << 32 | UInt64(halves[1]))
    }

    @Test func anItemOfABatchHasItsNoiseInTheBatch() async throws {
        let network = ToyNetwork(target)
        var latents = given(model(network))
        for index in [nil, [2], [0, 2]] as [[Int]?] {
            latents["latent_image"] = Latent(
                samples: .zeros([index?.count ?? 3, 16, 4, 6], on: bench.device), batchIndex: index)
            let latent: Latent = try await bench.output(
                of: "KSampler", ["steps": 1, "cfg": 1], given: latents)
            #expect(latent.batchIndex == index)
        }
        let noise = network.calls.map(\.latent)
        #expect(noise[1][0].floats() == noise[0][2].floats())
        #expect(noise[2].floats() == noise[0][0].floats() + noise[0][2].floats())
    }

    @Test func stoppingTakesEffectBetweenSteps() async throws {
        var network = ToyNetwork(target)
        let engine = bench.engine
        network.onCall = { if $0 == 3 { engine.cancel() } }
        await #expect(throws: CancellationError.self) {
            try await bench.run("KSampler", ["steps": 50, "cfg": 1], given: given(model(network)))
        }
        #expect(network.calls.count == 3)
    }

    @Test func valuesThatAreNoNumbersEndInASentence() async throws {
        let network = ToyNetwork(.full(.nan, [1, 16, 4, 6], on: bench.device))
        let message = await bench.failure(
            of: "KSampler", ["steps": 5, "cfg": 1], given: given(model(network)))
        #expect(
            message?.hasPrefix(
                "node (KSampler): the latent has values that are not finite numbers after step 1 of 5")
                == true)
    }

    @Test("a latent of another model is a sentence, an empty one takes the model's channels")
    func channels() async throws {
        let context = try await bench.run(
            "CLIPTextEncode", ["text": "a fox"],
            given: ["clip": try #require(try await clip())])
        let prompt = try #require(context.value("node", as: Conditioning.self))
        var inputs: [String: any PortValue] = ["model": sample, "positive": prompt, "negative": prompt]
        inputs["latent_image"] = Latent(samples: bench.noise([1, 4, 4, 6]))
        #expect(
            await bench.failure(of: "KSampler", ["steps": 1], given: inputs)
                == "node (KSampler): the latent is [1, 4, 4, 6]; this model takes [B, 8, H, W]")
        inputs["latent_image"] = Latent(samples: .zeros([1, 4, 4, 6], on: bench.device))
        let latent: Latent = try await bench.output(of: "KSampler", ["steps": 1], given: inputs)
        #expect(latent.samples.shape == [1, 8, 4, 6])
    }

    private func clip() async throws -> CLIP? {
        try await bench.run("CheckpointLoaderSimple", ["ckpt_name": "diorama-tiny"]).value(
            "node", output: 1, as: CLIP.self)
    }
}
