import Diorama
import DioramaTestSupport
import Testing

/// DiTBlocks, and the hooks that a node of one's own may put on a model, on the sample model.
@Suite struct BlockNodeTests {
    let bench: Workbench
    private let sample: Model
    private let given: [String: any PortValue]

    init() async throws {
        bench = try Workbench()
        let loaded = try await bench.run("CheckpointLoaderSimple", ["ckpt_name": "diorama-tiny"])
        sample = try #require(loaded.value("node", output: 0, as: Model.self))
        let clip = try #require(loaded.value("node", output: 1, as: CLIP.self))
        given = [
            "positive": Conditioning([try clip.encoder.encode("a red boat on the sea").context]),
            "negative": Conditioning([try clip.encoder.encode("").context]),
            "latent_image": Latent(samples: .zeros([1, 8, 8, 8], on: bench.device)),
        ]
    }

    /// The bits of what four steps with a model lead to.
    private func bits(_ model: Model, cfg: Double = 3) async throws -> [UInt32] {
        let latent: Latent = try await bench.output(
            of: "KSampler", ["steps": 4, "cfg": .double(cfg), "scheduler": "normal"],
            given: given.merging(["model": model]) { $1 })
        return latent.samples.floats().map(\.bitPattern)
    }

    private func patched(_ literals: JSON.Object) async throws -> Model {
        try await bench.output(of: "DiTBlocks", literals, given: ["model": sample])
    }

    private func hooked(
        _ hook: BlockHook, from start: Double = 0, to end: Double = 1, for prompts: Prompts = .both
    ) throws -> Model {
        var model = sample
        try model.add(hook, from: start, to: end, for: prompts)
        return model
    }

    @Test func theNodeDoesWhatTheHooksDo() async throws {
        let skipped = try await bits(hooked(.skip(.blocks(2...4))))
        #expect(try await bits(patched(["action": "skip", "first_block": 2, "last_block": 4])) == skipped)
        #expect(try await bits(patched(["action": "skip", "first_block": -5, "last_block": -3])) == skipped)
        let zero: JSON.Object = ["action": "scale", "amount": 0, "first_block": 2, "last_block": 4]
        #expect(try await bits(patched(zero)) == skipped)
        let none: JSON.Object = ["action": "repeat", "amount": 0, "first_block": 2, "last_block": 4]
        #expect(try await bits(patched(none)) == skipped)
        let twice: JSON.Object = ["action": "repeat", "amount": 2, "first_block": 3, "last_block": 3]
        #expect(
            try await bits(patched(twice)) == bits(hooked(BlockHook(.block(3)) { try $2($2($0)) })))
        let half: JSON.Object = [
            "action": "scale", "amount": 0.5, "first_block": 1, "last_block": 1, "start_percent": 0.3,
            "end_percent": 0.8,
        ]
        #expect(
            try await bits(patched(half)) == bits(hooked(.scale(.block(1), by: 0.5), from: 0.3, to: 0.8)))
    }

    @Test func whatChangesNothingGivesTheSameBits() async throws {
        let plain = try await bits(sample)
        #expect(try await bits(patched([:])) == plain)
        #expect(try await bits(patched(["action": "repeat"])) == plain)
        for (start, end) in [(1.0, 1.0), (0.5, 0.5), (0.8, 0.2)] {
            let window: JSON.Object = [
                "action": "skip", "start_percent": .double(start), "end_percent": .double(end),
            ]
            #expect(try await bits(patched(window)) == plain, "\(start) to \(end)")
        }
        _ = try await patched(["action": "skip"])
        #expect(sample.blockHooks.isEmpty)
        #expect(try await bits(patched(["action": "skip", "first_block": 6])) != plain)
    }

    @Test func aWindowHoldsForItsStepsAlone() async throws {
        let told = Recorder()
        let hook = BlockHook(.block(0)) { state, call, block in
            told.append("\((call.percent * 1000).rounded() / 1000)")
            return try block(state)
        }
        _ = try await bits(hooked(hook))
        #expect(told.ids.count == 4)
        let all = told.ids.compactMap(Double.init)
        #expect(all == all.sorted() && all.first == 0)
        _ = try await bits(hooked(hook, from: (all[0] + all[1]) / 2, to: (all[2] + all[3]) / 2))
        #expect(told.ids.dropFirst(4).compactMap(Double.init) == [all[1], all[2]])
    }

    @Test func aHookCanBeForOnePromptAlone() async throws {
        let rows = Recorder()
        func counting(_ prompts: Prompts) throws -> Model {
            try hooked(
                BlockHook(.block(0)) { state, _, block in
                    rows.append("\(prompts) \(state.image.shape[0])")
                    return try block(state)
                }, from: 0, to: 0.1, for: prompts)
        }
        for prompts in [Prompts.both, .positive, .negative] { _ = try await bits(counting(prompts)) }
        #expect(rows.ids == ["both 2", "positive 1", "negative 1"])
        // Without guidance the negative prompt is not asked.
        _ = try await bits(counting(.negative), cfg: 1)
        #expect(rows.ids.count == 3)
    }

    @Test func mistakesAreSentences() async throws {
        func failure(_ literals: JSON.Object) async -> String? {
            await bench.failure(of: "DiTBlocks", literals, given: ["model": sample])
        }
        #expect(
            await failure(["last_block": 7])
                == "node (DiTBlocks): last_block is 7, but this model has 7 blocks: 0 to 6, or -1 to -7")
        #expect(
            await failure(["first_block": -8])
                == "node (DiTBlocks): first_block is -8, but this model has 7 blocks: 0 to 6, or -1 to -7")
        #expect(
            await failure(["first_block": 4, "last_block": 3])
                == "node (DiTBlocks): last_block is block 3, which comes before the first block, 4")
        let repeats = try #require(await failure(["action": "repeat", "amount": 1.5]))
        #expect(repeats.contains("is 1.5; with repeat it counts, so it must be a whole number from 0"))
        #expect(await failure(["action": "scale", "amount": 1.5]) == nil)
        var toy = sample
        toy.network = ToyNetwork(bench.noise([1, 8, 8, 8]))
        #expect(
            await bench.failure(of: "DiTBlocks", given: ["model": toy])
                == "node (DiTBlocks): model has no blocks that can be reached")
    }

    private struct Problem: Error, CustomStringConvertible {
        let description = "no fox in this picture"
    }

    @Test func aHookThatFailsEndsTheNodeInASentence() async throws {
        func failure(_ model: Model) async -> String? {
            await bench.failure(
                of: "KSampler", ["steps": 1], given: given.merging(["model": model]) { $1 })
        }
        #expect(
            await failure(try hooked(BlockHook(.block(5)) { _, _, _ in throw Problem() }))
                == "node (KSampler): joint block 5 of 7: no fox in this picture")
        #expect(
            await failure(try hooked(.replace(.block(5)) { state, _ in BlockState(image: state.image) }))
                == "node (KSampler): joint block 5 of 7: a hook gives text tokens none where f32 [2, 33, 192] is expected"
        )
        #expect(throws: BlockError.self) { try hooked(.skip(.block(7))) }
    }

    @Test func stoppingTakesEffectBetweenBlocks() async throws {
        let engine = bench.engine
        let ran = Recorder()
        let model = try hooked(
            BlockHook(.all) { state, call, block in
                ran.append(call.name)
                if call.index == 2 { engine.cancel() }
                return try block(state)
            })
        await #expect(throws: CancellationError.self) { try await bits(model) }
        #expect(ran.ids == ["joint block 0", "joint block 1", "joint block 2"])
    }

    @Test func blocksAreEvents() async throws {
        let render = try Render()
        let graph = try Render.graph("text-to-image").with([("sampler", "steps", 2)])
        let blocks = Recorder()
        try await render.session.render(render.session.graph(graph)) { event in
            if case .unit(let node, let unit) = event {
                blocks.append("\(node.id) \(unit.kind) \(unit.name) \(unit.index) \(unit.count)")
            }
        }
        let pass = (0..<7).map { "sampler block joint block \($0) \($0) 7" }
        #expect(blocks.ids == pass + pass)
    }
}
