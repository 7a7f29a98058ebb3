import DioramaModels
import DioramaTensor
import DioramaTestSupport
import Testing

/// Hooks on Stable Diffusion 3's transformer.
@Suite struct SD3BlockHookTests {
    static let names = ["mmdit-dual", "mmdit-plain"]

    /// A tiny transformer with the inputs of its golden.
    private struct Case {
        let golden: GoldenModel
        let model: SD3Transformer

        init(_ name: String, on device: Device = .cpu()) throws {
            golden = try GoldenModel(name, on: device)
            model = try SD3Transformer(golden.weights, SD3Config(golden.config))
        }

        func velocity(_ hooks: BlockHook...) throws -> Tensor { try velocity(hooks) }

        func bits(_ hooks: BlockHook...) throws -> [UInt32] { try velocity(hooks).floats().map(\.bitPattern) }

        private func velocity(_ hooks: [BlockHook]) throws -> Tensor {
            try model(
                golden["latent"], timestep: golden["timestep"],
                context: TextContext(tokens: golden["context"], pooled: golden["pooled"]),
                through: BlockRunner(hooks: hooks))
        }
    }

    @Test("skipping agrees with diffusers' skip_layers", arguments: names, Device.available)
    func skipsAsDiffusers(_ name: String, on device: Device) throws {
        let golden = try Fixture("guidance/skip-layers.safetensors", on: device)
        let tiny = try Case(name, on: device)
        let keys = golden.keys.filter { $0.hasPrefix(name) }
        #expect(keys.count >= 4)
        for key in keys {
            let layers = key.dropFirst(name.count + 1).split(separator: "-").compactMap { Int($0) }
            let velocity = try tiny.velocity(.skip(.double(layers.map { $0...$0 })))
            #expect(relativeError(velocity, golden[key]) < Tolerance.f32.op, "\(key)")
        }
    }

    @Test("what changes nothing gives the same bits", arguments: names)
    func changesNothing(_ name: String) throws {
        let tiny = try Case(name)
        let plain = try tiny.bits()
        #expect(try tiny.bits(.scale(.all, by: 1)) == plain)
        #expect(try tiny.bits(.repeat(.all, times: 1)) == plain)
        #expect(try tiny.bits(BlockHook(.all) { state, _, block in try block(state) }) == plain)
        #expect(try tiny.bits(.insert(before: .all) { state, _ in state }) == plain)
        #expect(try tiny.bits(.skip(.single([0...0]))) == plain)
        #expect(try tiny.bits(.skip(.block(0))) != plain)
    }

    @Test func scalingByZeroSkips() throws {
        let tiny = try Case("mmdit-dual")
        #expect(try tiny.bits(.scale(.blocks(0...1), by: 0)) == tiny.bits(.skip(.blocks(0...1))))
    }

    @Test func repeatingIsCallingAgainAndAgain() throws {
        let tiny = try Case("mmdit-dual")
        let twice = try tiny.bits(.repeat(.block(1), times: 2))
        #expect(try tiny.bits(BlockHook(.block(1)) { state, _, block in try block(block(state)) }) == twice)
        #expect(twice != (try tiny.bits()))
    }

    /// A block of the model itself, put where another stands.
    @Test func aBlockOfOnesOwnCanBePutIn() throws {
        let tiny = try Case("mmdit-plain")
        let first = tiny.model.blocks[0]
        @Sendable func run(_ state: BlockState, _ call: BlockCall) -> BlockState {
            first(state, BlockConditions(time: call.modulation))
        }
        let twice = try tiny.bits(.repeat(.block(0), times: 2))
        #expect(try tiny.bits(.insert(after: .block(0), run)) == twice)
        #expect(try tiny.bits(.insert(before: .block(1), run)) == twice)
        #expect(try tiny.bits(.replace(.block(0), with: run)) == tiny.bits())
    }
}
