import DioramaModels
import DioramaTensor
import DioramaTestSupport
import Testing

/// First Block Cache on Stable Diffusion 3's transformer.
@Suite struct BlockCacheTests {
    static let names = ["mmdit-dual", "mmdit-plain"]

    /// A tiny transformer that is asked with slowly changing latents.
    private struct Case {
        let cached: Fixture
        let name: String
        let model: SD3Transformer
        let context: TextContext

        init(_ name: String, on device: Device = .cpu()) throws {
            self.name = name
            let golden = try GoldenModel(name, on: device)
            cached = try Fixture("caching/first-block.safetensors", on: device)
            model = try SD3Transformer(golden.weights, SD3Config(golden.config))
            context = TextContext(tokens: golden["context"], pooled: golden["pooled"])
        }

        var rounds: Int { cached["\(name).latents"].shape[0] }

        func velocity(_ round: Int, _ hooks: [BlockHook] = []) throws -> Tensor {
            try model(
                cached["\(name).latents"][round], timestep: cached["\(name).times"][round], context: context,
                through: BlockRunner(hooks: hooks))
        }
    }

    @Test("agrees with diffusers and the formula", arguments: names, Device.available)
    func agrees(_ name: String, on device: Device) throws {
        let tiny = try Case(name, on: device)
        let keys = tiny.cached.keys.filter { $0.hasPrefix("result.\(name)") }
        #expect(keys.count >= 3)
        for key in keys {
            let key = key.dropFirst("result.".count)
            let numbers = key.dropFirst(name.count + 1).split(separator: ".")
            let threshold = try #require(Double("0.\(numbers[1])"))
            let counts = numbers.dropFirst(2).compactMap { Int($0) }
            let cache = BlockCache(
                .init(
                    threshold: threshold, first: counts[0], last: counts[1],
                    limit: counts[2] < 0 ? nil : counts[2]))
            let reused = tiny.cached.floats("reused.\(key)")
            for round in 0..<tiny.rounds {
                let velocity = try tiny.velocity(round, [cache.hook()])
                #expect(cache.reused == (reused[round] == 1), "\(key), round \(round)")
                #expect(
                    relativeError(velocity, tiny.cached["result.\(key)"][round]) < Tolerance.f32.model,
                    "\(key), round \(round)")
                let plain = try tiny.velocity(round)
                if cache.reused { #expect(relativeError(velocity, plain) > 10 * Tolerance.f32.model) }
            }
        }
    }

    @Test("a threshold or limit of 0 changes no bit", arguments: names)
    func zeroChangesNothing(_ name: String) throws {
        let tiny = try Case(name)
        for options in [BlockCache.Options(threshold: 0), .init(threshold: 3, limit: 0)] {
            let cache = BlockCache(options)
            for round in [0, 0] + Array(0..<tiny.rounds) {
                #expect(try tiny.velocity(round, [cache.hook()]).floats() == tiny.velocity(round).floats())
                #expect(!cache.reused)
            }
        }
    }

    @Test func onlyTheFirstAndLastBlocksRun() throws {
        let tiny = try Case("mmdit-dual")
        let ran = CallLog()
        let inner = BlockHook(.all) { state, call, block in
            ran.append("\(call.index)")
            return try block(state)
        }
        let cache = BlockCache(.init(threshold: 3, first: 1, last: 1))
        for round in 0...1 { _ = try tiny.velocity(round, [inner, cache.hook()]) }
        #expect(ran.lines == ["0", "1", "2", "0", "2"])
    }

    /// Blocks of two kinds, between which the two streams become one: each kind's change is remembered.
    @Test func middleBlocksOfTwoKinds() throws {
        let cache = BlockCache(.init(threshold: 0.5, first: 1, last: 1))
        let device = Device.cpu()
        func tokens(_ value: Float, _ count: Int) -> Tensor { .full(value, [1, count, 2], on: device) }
        /// Two double blocks that add 1 and two single ones that add 10, but as much more as `more`.
        func run(_ start: Float, more: Float) throws -> [Float] {
            let runner = BlockRunner(hooks: [cache.hook()])
            let time = tokens(0, 1)
            let both = try runner.run(
                [1, 1] as [Float], .double, BlockState(image: tokens(start, 3), context: tokens(-start, 2)),
                modulation: time, after: 2
            ) { add, state in
                BlockState(
                    image: state.image + (add + more), context: state.context.map { $0 + (add - more) })
            }
            let joined = try #require(both.context.map { Tensor.concatenated([$0, both.image], axis: 1) })
            let end = try runner.run(
                [10, 10] as [Float], .single, BlockState(image: joined), modulation: time, before: 2
            ) { add, state in BlockState(image: state.image + (add + more)) }
            return end.image.floats()
        }
        #expect(try run(5, more: 0) == [17, 17, 17, 17, 27, 27, 27, 27, 27, 27])
        // The first block adds 1.25, a quarter more than 1: the middle ones add 1 and 10 as before, the last 10.25.
        #expect(try run(7, more: 0.25) == [15, 15, 15, 15, 29.5, 29.5, 29.5, 29.5, 29.5, 29.5])
        #expect(cache.reused)
        // It adds 2 now.
        #expect(try run(5, more: 1) == [17, 17, 17, 17, 31, 31, 31, 31, 31, 31])
        #expect(!cache.reused)
    }
}
