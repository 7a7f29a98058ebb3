import Diorama
import DioramaTestSupport
import Testing

/// EasyCache and FirstBlockCache: ComfyUI's decisions and results, and runs of the sample model.
@Suite struct StepCacheTests {
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
        ]
    }

    private func cached(_ className: String, _ literals: JSON.Object = [:], model: Model? = nil) async throws
        -> Model
    {
        try await bench.output(of: className, literals, given: ["model": model ?? sample])
    }

    /// What eight steps with a model lead to, and what was told.
    private func run(
        _ model: Model, _ literals: JSON.Object = [:], batch: Int = 1,
        given more: [String: any PortValue] = [:]
    ) async throws -> (floats: [Float], notices: [String]) {
        let notices = Recorder()
        var inputs: JSON.Object = ["steps": 8, "cfg": 3, "scheduler": "normal", "sampler_name": "euler"]
        for (key, value) in literals { inputs[key] = value }
        var given = given
        given["model"] = model
        given["latent_image"] = Latent(samples: .zeros([batch, 8, 8, 8], on: bench.device))
        for (key, value) in more { given[key] = value }
        let result = try await bench.run("KSampler", inputs, given: given) { event in
            if case .notice(_, let words) = event { notices.append(words) }
        }
        let latent = try #require(result.value("node", output: 0, as: Latent.self))
        return (latent.samples.floats(), notices.ids)
    }

    @Test(
        "skips when ComfyUI's EasyCache does, and gives the same", arguments: ["single", "apart", "together"])
    func agreesWithComfyUI(calls: String) async throws {
        let golden = try Fixture("caching/easycache.safetensors", on: bench.device)
        func number(_ key: String) throws -> Double {
            try #require(golden.metadata[key].flatMap(Double.init))
        }
        let sampling = try ModelSampling.flow(shift: try number("shift"))
        let (x, y, sigmas) = (golden["x"], golden["y"], golden.floats("sigmas"))
        for threshold in [0, 0.05, 0.2] {
            let key = "\(calls).\(threshold)"
            let model = try await cached(
                "EasyCache",
                [
                    "reuse_threshold": .double(threshold), "start_percent": .double(try number("start")),
                    "end_percent": .double(try number("end")), "verbose": true,
                ])
            let maker = try #require(model.networkHooks.first)
            let hook = maker(sampling)
            let skipped = golden.floats("skipped.\(key)")
            #expect((skipped.reduce(0, +) == 0) == (threshold == 0))
            let asked: [[Int]] = ["single": [[1]], "apart": [[1], [0]]][calls] ?? [[0, 1]]
            for (round, sigma) in sigmas.enumerated() {
                for conditionings in asked {
                    var count = 0
                    let input = Tensor.concatenated(conditionings.map { _ in x[round] }, axis: 0)
                    let expected =
                        threshold == 0
                        ? conditionings.map { y[round][$0] }
                        : conditionings.map { golden["result.\(key)"][round][calls == "single" ? 0 : $0] }
                    let call = NetworkCall(
                        input: input, sigma: sigma, conditionings: conditionings, round: round)
                    let output = try hook(call) { _ in
                        count += 1
                        return .concatenated(conditionings.map { y[round][$0] }, axis: 0)
                    }
                    #expect(count == (skipped[round] == 1 ? 0 : 1), "\(key), round \(round)")
                    #expect(
                        relativeError(output, .concatenated(expected, axis: 0)) < Tolerance.f32.op,
                        "\(key), round \(round)")
                }
            }
            let notice = try #require(hook.notice)
            let (some, all) = (Int(skipped.reduce(0, +)) * asked.count, sigmas.count * asked.count)
            #expect(notice.hasPrefix("EasyCache skipped the network in \(some) of \(all) calls; changes"))
            let told = notice.split(separator: ": ").dropFirst().map {
                $0.split(separator: ";")[0].split(separator: " ").compactMap { Float($0) }
            }
            for (found, expected) in zip(
                told, [golden.floats("changes.\(key)"), golden.floats("predicted.\(key)")])
            {
                #expect(found.count == expected.count)
                #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 6e-5 + 1e-5 * abs($1) })
            }
            #expect(told.count == 2)
        }
    }

    @Test("a threshold of 0 changes no bit", arguments: ["EasyCache", "FirstBlockCache"])
    func zeroChangesNothing(className: String) async throws {
        let name = className == "EasyCache" ? "reuse_threshold" : "residual_diff_threshold"
        let model = try await cached(className, [name: 0, "start_percent": 0, "end_percent": 1])
        for (literals, batch) in [([:], 1), (["cfg": 1], 2), (["sampler_name": "heun"], 1)]
            as [(JSON.Object, Int)]
        {
            let plain = try await run(sample, literals, batch: batch)
            let found = try await run(model, literals, batch: batch)
            #expect(found.floats.map(\.bitPattern) == plain.floats.map(\.bitPattern))
            #expect(plain.notices.isEmpty && found.notices.count == 1)
            #expect(found.notices[0].contains(" in 0 of "))
        }
        #expect(sample.networkHooks.isEmpty)
    }

    @Test("skips, and knows nothing of other runs", arguments: ["EasyCache", "FirstBlockCache"])
    func everyRunIsItsOwn(className: String) async throws {
        let literals: JSON.Object =
            className == "EasyCache" ? ["reuse_threshold": 0.5] : ["residual_diff_threshold": 0.5]
        let model = try await cached(className, literals)
        let (first, second) = (try await run(model), try await run(model))
        #expect(first == second)
        #expect(first.floats != (try await run(sample)).floats)
        #expect(!first.notices[0].contains(" in 0 of ") && first.notices[0].contains(" of 8 calls"))
        // At the same time, with another seed between them.
        let other = try await run(model, ["seed": 9])
        let engines = try (0..<3).map { _ in try Workbench() }
        let results = try await withThrowingTaskGroup(of: (Int, [Float]).self) { group in
            for (place, engine) in engines.enumerated() {
                group.addTask {
                    var given = given
                    given["model"] = model
                    given["latent_image"] = Latent(samples: .zeros([1, 8, 8, 8], on: bench.device))
                    let inputs: JSON.Object = [
                        "steps": 8, "cfg": 3, "scheduler": "normal", "sampler_name": "euler",
                        "seed": .integer(place == 1 ? 9 : 0),
                    ]
                    let result = try await engine.run("KSampler", inputs, given: given)
                    let latent = result.value("node", output: 0, as: Latent.self)
                    return (place, latent?.samples.floats() ?? [])
                }
            }
            return try await group.reduce(into: [Int: [Float]]()) { $0[$1.0] = $1.1 }
        }
        #expect(results[0] == first.floats && results[1] == other.floats && results[2] == first.floats)
    }

    /// Prompts of different lengths are asked one after the other; the first decides for both.
    @Test func promptsAskedApartSkipTogether() async throws {
        let prompts: [String: any PortValue] = [
            "positive": Conditioning([ToyNetwork.prompt(1, length: 2, on: bench.device)]),
            "negative": Conditioning([ToyNetwork.prompt(0, length: 5, on: bench.device)]),
        ]
        var toy = sample
        let network = ToyNetwork(bench.noise([1, 8, 8, 8]))
        toy.network = network
        let model = try await cached(
            "EasyCache", ["reuse_threshold": 1, "start_percent": 0, "end_percent": 1], model: toy)
        let found = try await run(model, given: prompts)
        // Two rounds tell the rate; this network's velocity never changes, so all others are skipped.
        #expect(network.calls.map(\.prompts) == [[1], [0], [1], [0]])
        #expect(found.notices == ["EasyCache skipped the network in 12 of 16 calls"])
    }

    @Test func aWindowHoldsForItsStepsAlone() async throws {
        for className in ["EasyCache", "FirstBlockCache"] {
            let name = className == "EasyCache" ? "reuse_threshold" : "residual_diff_threshold"
            let model = try await cached(className, [name: 3, "start_percent": 0.5, "end_percent": 0.5])
            let (found, plain) = (try await run(model), try await run(sample))
            #expect(found.floats == plain.floats)
        }
        let limited = try await cached(
            "FirstBlockCache", ["residual_diff_threshold": 3, "max_consecutive_cached_steps": 1])
        #expect(try await run(limited).notices == ["FirstBlockCache ran 1 of 7 blocks in 4 of 8 calls"])
        let both = try await cached(
            "FirstBlockCache", ["residual_diff_threshold": 3, "first_blocks": 2, "last_blocks": 1])
        #expect(try await run(both).notices == ["FirstBlockCache ran 3 of 7 blocks in 7 of 8 calls"])
    }

    /// Where guidance asks the model again with layers left out, it is really asked.
    @Test func guidanceThatAsksAgainIsNotCached() async throws {
        var model = try await cached(
            "EasyCache", ["reuse_threshold": 3, "start_percent": 0, "end_percent": 1])
        let asked = Recorder()
        model.guidance.after.append { guided, _, query in
            _ = try query.conditional(
                adding: [
                    BlockHook(.block(0)) { state, _, block in
                        asked.append("asked")
                        return try block(state)
                    }
                ])
            return guided
        }
        let plain = try await run(
            cached("EasyCache", ["reuse_threshold": 3, "start_percent": 0, "end_percent": 1]))
        #expect(!plain.notices[0].contains(" in 0 of "))
        #expect(try await run(model) == plain)
        #expect(asked.ids.count == 8)
    }

    @Test func bothTogetherRun() async throws {
        let blocks = try await cached("FirstBlockCache", ["residual_diff_threshold": 3])
        let both = try await cached(
            "EasyCache", ["reuse_threshold": 3, "start_percent": 0, "end_percent": 1], model: blocks)
        let found = try await run(both)
        #expect(
            found.notices == [
                "FirstBlockCache ran 1 of 7 blocks in 1 of 2 calls",
                "EasyCache skipped the network in 6 of 8 calls",
            ])
        #expect(found.floats.allSatisfy { $0.isFinite })
    }

    private struct Wrong: NetworkHook {
        func callAsFunction(_ call: NetworkCall, _ network: ([BlockHook]) throws -> Tensor) throws -> Tensor {
            try network([])[0]
        }
    }

    @Test func mistakesAreSentences() async throws {
        func failure(_ literals: JSON.Object, model: Model? = nil) async -> String? {
            await bench.failure(of: "FirstBlockCache", literals, given: ["model": model ?? sample])
        }
        #expect(
            await failure(["first_blocks": 7])
                == "node (FirstBlockCache): first_blocks is 7, but this model has 7 blocks; leave one at least to skip"
        )
        #expect(
            await failure(["first_blocks": 5, "last_blocks": 2])
                == "node (FirstBlockCache): last_blocks is 2, but this model has 7 blocks of which 5 run first; "
                + "leave one at least to skip")
        var toy = sample
        toy.network = ToyNetwork(bench.noise([1, 8, 8, 8]))
        #expect(
            await failure([:], model: toy)
                == "node (FirstBlockCache): model has no blocks that can be reached")
        var wrong = sample
        wrong.add(networkHook: { _ in Wrong() })
        let words = await bench.failure(
            of: "KSampler", ["steps": 1],
            given: given.merging([
                "model": wrong, "latent_image": Latent(samples: .zeros([1, 8, 8, 8], on: bench.device)),
            ]) { $1 })
        #expect(words?.contains("a network hook gives [8, 8, 8]") == true)
    }
}
