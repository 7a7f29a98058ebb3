import Diorama
import DioramaModels
import DioramaTensor
import DioramaTestSupport
import Synchronization
import Testing

/// Runs that are under way at once and sample as one batch, against the same runs one by one.
@Suite(.timeLimit(.minutes(10))) struct JointSamplingTests {
    /// What one run is asked for; a prompt that is not a number spoils its latent.
    private struct Item: Sendable {
        var seed: UInt64
        var prompt: Float
        var sampler = "euler"
        var cfg = 3.0
        var latent = "small"
        var steps = 4
    }

    private let bench: Workbench
    private let values = GivenValues()
    private let network = RowNetwork()

    init() async throws {
        bench = try Workbench()
        var model = try await bench.checkpoint().model
        model.network = network
        var masked = Latent(samples: .zeros([1, 16, 4, 6], on: bench.device))
        masked.noiseMask = Mask(coverage: .full(1, [1, 4, 6], on: bench.device))
        var given: [String: any PortValue] = [
            "model": model, "masked": masked,
            "small": Latent(samples: .zeros([1, 16, 4, 6], on: bench.device)),
            "pair": Latent(samples: bench.noise([2, 16, 4, 6])),
            "wide": Latent(samples: bench.noise([1, 16, 4, 8])),
        ]
        for number: Float in [0, 1, 2, 3, .nan] {
            given["\(number)"] = Conditioning([ToyNetwork.prompt(number, on: bench.device)])
        }
        values.give(given)
    }

    private func engine(cacheBytes: Int = 0) -> Engine {
        Engine(
            RunEnvironment(
                folders: bench.folders, resources: Resources().with(bench.device).with(values)),
            cacheBytes: cacheBytes)
    }

    private func schedule(_ item: Item, in engine: Engine) throws -> Schedule {
        var nodes: JSON.Object = [
            "sampler": [
                "class_type": "KSampler",
                "inputs": [
                    "seed": JSON(item.seed), "steps": .integer(item.steps), "cfg": .double(item.cfg),
                    "sampler_name": .string(item.sampler), "scheduler": "normal", "model": ["model", 0],
                    "positive": ["positive", 0], "negative": ["negative", 0], "latent_image": ["latent", 0],
                ],
            ]
        ]
        let given = [
            ("model", "model"), ("positive", "\(item.prompt)"), ("negative", "\(Float(0))"),
            ("latent", item.latent),
        ]
        for (id, name) in given {
            nodes[id] = ["class_type": "Given", "inputs": ["name": .string(name)]]
        }
        let graph = try Graph(
            GraphFile(.object(nodes)), catalog: .builtin + [Given.self], environment: engine.environment,
            targets: ["sampler"])
        return Schedule(graph)
    }

    /// Runs all items at once, in batches of up to `size`; a latent or an error for each.
    private func sampled(
        _ items: [Item], size: Int, positions: ClosedRange<Int> = 1...Int.max, cacheBytes: Int = 0,
        onStart: @Sendable ([Task<Tensor, any Error>]) -> Void = { _ in },
        onEvent: @escaping @Sendable (Int, RunEvent) -> Void = { _, _ in }
    ) async throws -> [Result<Tensor, any Error>] {
        let engine = engine(cacheBytes: cacheBytes)
        let joint = JointSampling(size: size, positions: positions)
        let members = items.map { _ in joint.enter() }
        let schedules = try items.map { try schedule($0, in: engine) }
        let tasks = zip(members, schedules).enumerated().map { index, pair in
            Task {
                defer { pair.0.leave() }
                let result = try await engine.run(pair.1, resources: pair.0.resources) { onEvent(index, $0) }
                return try #require(result.value("sampler", as: Latent.self)).samples
            }
        }
        onStart(tasks)
        var results: [Result<Tensor, any Error>] = []
        for task in tasks { results.append(await task.result) }
        return results
    }

    /// The same one by one, without any of this.
    private func alone(_ items: [Item]) async throws -> [Tensor] {
        let engine = engine()
        var latents: [Tensor] = []
        for item in items {
            let result = try await engine.run(try schedule(item, in: engine))
            latents.append(try #require(result.value("sampler", as: Latent.self)).samples)
        }
        network.log.clear()
        return latents
    }

    private func expectSame(_ results: [Result<Tensor, any Error>], _ expected: [Tensor]) throws {
        #expect(results.count == expected.count)
        for (result, latent) in zip(results, expected) {
            #expect(relativeError(try result.get(), latent) <= Tolerance.f32.op)
        }
    }

    private let three = [
        Item(seed: 1, prompt: 1), Item(seed: 2, prompt: 2), Item(seed: 2, prompt: 3),
    ]

    @Test(
        "runs that agree are one batch, each with its own noise and prompt",
        arguments: ["euler", "euler_ancestral", "dpmpp_2m_sde", "euler_ancestral_cfg_pp"])
    func agreeing(sampler: String) async throws {
        let items = three.map { item in
            var item = item
            item.sampler = sampler
            return item
        }
        let expected = try await alone(items)
        #expect(relativeError(expected[0], expected[1]) > 0.01)
        try expectSame(try await sampled(items, size: 3), expected)
        #expect(network.log.batches == [6, 6, 6, 6])
    }

    @Test func guidanceOfOneAsksWithThePromptsAlone() async throws {
        let items = three.map { item in
            var item = item
            item.cfg = 1
            return item
        }
        let expected = try await alone(items)
        try expectSame(try await sampled(items, size: 3), expected)
        #expect(network.log.batches == [3, 3, 3, 3])
    }

    @Test func latentsThatAreBatchesKeepTheirPlaces() async throws {
        let items = [1, 2].map {
            Item(seed: $0, prompt: Float($0), sampler: "euler_ancestral", latent: "pair")
        }
        let expected = try await alone(items)
        try expectSame(try await sampled(items, size: 2), expected)
        #expect(network.log.batches == [8, 8, 8, 8])
    }

    @Test func othersAreBatchesOfTheirOwn() async throws {
        let items =
            three + [
                Item(seed: 4, prompt: 1, latent: "wide"), Item(seed: 4, prompt: 1, steps: 3),
                Item(seed: 4, prompt: 1, sampler: "dpm_adaptive"), Item(seed: 4, prompt: 1, latent: "masked"),
            ]
        let expected = try await alone(items)
        try expectSame(try await sampled(items, size: 3), expected)
        #expect(network.log.batches.count { $0 == 6 } == 4)
        #expect(Set(network.log.batches) == [2, 6])
    }

    @Test func nobodyWaitsForMoreThanCanCome() async throws {
        let items = three
        let expected = try await alone(items)
        try expectSame(try await sampled(items, size: 8), expected)
        #expect(network.log.batches == [6, 6, 6, 6])
        network.log.clear()
        try expectSame(try await sampled(items, size: 2), expected)
        #expect(network.log.batches == [4, 4, 4, 4, 2, 2, 2, 2])
    }

    @Test func theSizeOfTheLatentsBoundsABatch() async throws {
        // A latent has 24 positions.
        let expected = try await alone(three)
        try expectSame(try await sampled(three, size: 3, positions: 24...71), expected)
        #expect(network.log.batches == [4, 4, 4, 4, 2, 2, 2, 2])
        network.log.clear()
        try expectSame(try await sampled(three, size: 3, positions: 1...47), expected)
        #expect(network.log.batches == Array(repeating: 2, count: 12))
        network.log.clear()
        try expectSame(try await sampled(three, size: 3, positions: 25...99), expected)
        #expect(network.log.batches == Array(repeating: 2, count: 12))
        #expect(JointSampling.automatic().size == 4)
    }

    @Test func aRunThatWaitsForAnothersResultIsNotWaitedFor() async throws {
        let items = [three[0], three[0], three[1]]
        let expected = try await alone(items)
        try expectSame(try await sampled(items, size: 3, cacheBytes: 1 << 20), expected)
        #expect(network.log.batches == [4, 4, 4, 4])
    }

    @Test func aSpoiledLatentFailsAlone() async throws {
        for place in 0..<3 {
            var items = three
            items[place].prompt = .nan
            let good = items.indices.filter { $0 != place }
            let expected = try await alone(good.map { items[$0] })
            let results = try await sampled(items, size: 3)
            try expectSame(good.map { results[$0] }, expected)
            #expect(network.log.batches == [6, 6, 6, 6])
            let error = #expect(throws: RunFailure.self) { try results[place].get() }
            #expect("\(try #require(error))".contains("not finite numbers after step 1 of 4"))
            network.log.clear()
        }
        let results = try await sampled((1...3).map { Item(seed: $0, prompt: .nan) }, size: 3)
        for result in results { #expect(throws: RunFailure.self) { try result.get() } }
        #expect(network.log.batches == [6])
    }

    @Test func whereABatchFailsEachTriesAlone() async throws {
        let expected = try await alone(three)
        network.log.largestBatch.store(4, ordering: .relaxed)
        try expectSame(try await sampled(three, size: 3), expected)
        #expect(network.log.batches == [6] + Array(repeating: 2, count: 12))
    }

    @Test(arguments: 0..<3) func aCancelledRunEndsAlone(place: Int) async throws {
        let expected = try await alone(three)
        let tasks = Mutex<[Task<Tensor, any Error>]>([])
        let results = try await sampled(three, size: 3) { started in
            tasks.withLock { $0 = started }
        } onEvent: { index, event in
            guard index == (place + 1) % 3, case .progress(_, 2, _) = event else { return }
            tasks.withLock { $0[place].cancel() }
        }
        #expect(throws: CancellationError.self) { try results[place].get() }
        let others = [0, 1, 2].filter { $0 != place }
        try expectSame(others.map { results[$0] }, others.map { expected[$0] })
        #expect(network.log.batches == [6, 6, 6, 6])
    }

    @Test func aRunThatIsCancelledWhileItWaitsIsGone() async throws {
        let engine = engine()
        let joint = JointSampling(size: 2)
        let (member, other) = (joint.enter(), joint.enter())
        let schedule = try schedule(three[0], in: engine)
        let task = Task { try await engine.run(schedule, resources: member.resources) }
        try await Task.sleep(for: .milliseconds(100))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        member.leave()
        // The other finds nobody to sample with.
        let expected = try await alone([three[0]])
        let result = try await engine.run(schedule, resources: other.resources)
        #expect(result.value("sampler", as: Latent.self)?.samples.floats() == expected[0].floats())
        #expect(network.log.batches == [2, 2, 2, 2])
    }

    @Test func everyRunIsToldOfEachStep() async throws {
        let steps = Mutex<[Int: [Int]]>([:])
        _ = try await sampled(three, size: 3) { _ in
        } onEvent: { index, event in
            if case .progress(_, let step, _) = event {
                steps.withLock { $0[index, default: []].append(step) }
            }
        }
        #expect(steps.withLock { $0 } == [0: [0, 1, 2, 3, 4], 1: [0, 1, 2, 3, 4], 2: [0, 1, 2, 3, 4]])
    }
}

/// A network whose answer for a latent follows from that latent and the first number of its prompt, and that notes batches.
private struct RowNetwork: DiffusionModel {
    final class Log: Sendable {
        private let sizes = Mutex<[Int]>([])
        /// Larger batches are refused.
        let largestBatch = Atomic(Int.max)

        var batches: [Int] { sizes.withLock { $0 } }

        func note(_ size: Int) { sizes.withLock { $0.append(size) } }

        func clear() { sizes.withLock { $0.removeAll() } }
    }

    let log = Log()
    let latentChannels = 16

    func check(latent: Shape, context: TextContext) throws {}

    func callAsFunction(
        _ latent: Tensor, timestep: Tensor, context: TextContext, through runner: BlockRunner
    ) throws -> Tensor {
        let count = latent.shape[0]
        log.note(count)
        guard count <= log.largestBatch.load(ordering: .relaxed) else {
            throw ModelInputError("a batch of \(count) is too large")
        }
        let numbers = (0..<count).map { context.tokens[$0].floats()[0] }
        return latent * 0.5 + Tensor(numbers, [count, 1, 1, 1], on: latent.device)
    }
}
