import DioramaModels
import DioramaTensor
import DioramaTestSupport
import Synchronization
import Testing

/// Networks within a run, whose modulations are computed for all steps at once, against the same networks by themselves.
@Suite struct FamilyModulationTests {
    static let names = ["mmdit-dual", "mmdit-plain"] + Family.allCases.map(\.rawValue)

    /// A tiny network with the inputs of its golden.
    private struct Case {
        let golden: GoldenModel
        let network: any DiffusionModel
        let context: TextContext
        /// Seven times of a run, as the network is told them.
        let times: [Float]

        init(_ name: String, on device: Device = .cpu()) throws {
            golden = try GoldenModel(name, on: device)
            let keys = golden.fixture.keys
            var context = TextContext(
                tokens: golden["context"], pooled: keys.contains("pooled") ? golden["pooled"] : nil)
            if let family = Family(rawValue: name) {
                network = try family.model(golden.fixture.file, prefix: "model.", golden).0
                context.guidance = .scale(2.5)
                if keys.contains("beside") { context.concatenated = golden["beside"] }
            } else {
                network = try SD3Transformer(golden.weights, SD3Config(golden.config))
            }
            self.context = context
            let first = golden["timestep"].floats()[0]
            times = (0..<7).map { first * (1 - Float($0) / 7) }
        }

        func result(
            at time: Float, _ table: ModulationTable? = nil, hooks: [BlockHook] = [],
            _ context: TextContext? = nil
        ) throws -> Tensor {
            let latent = golden["latent"]
            return try network(
                latent, timestep: .full(time, [latent.shape[0]], on: latent.device),
                context: context ?? self.context, through: BlockRunner(hooks: hooks, modulations: table))
        }

        func bits(at time: Float, _ table: ModulationTable? = nil) throws -> [UInt32] {
            try result(at: time, table).floats().map(\.bitPattern)
        }
    }

    @Test("every step is what it is by itself", arguments: names, Device.available)
    func everyStep(_ name: String, on device: Device) throws {
        let tiny = try Case(name, on: device)
        let table = ModulationTable(timesteps: tiny.times)
        for time in tiny.times {
            #expect(
                relativeError(try tiny.result(at: time, table), try tiny.result(at: time)) < Tolerance.f32.op)
        }
    }

    @Test("a step asked again, and after others, has the same bits", arguments: names)
    func again(_ name: String) throws {
        let tiny = try Case(name)
        let table = ModulationTable(timesteps: tiny.times)
        let first = try tiny.times.map { try tiny.bits(at: $0, table) }
        let second = try tiny.times.reversed().map { try tiny.bits(at: $0, table) }
        #expect(second == first.reversed())
        // A run that begins later, and one repeated.
        let other = ModulationTable(timesteps: tiny.times)
        #expect(try tiny.times.dropFirst(3).map { try tiny.bits(at: $0, other) } == Array(first.dropFirst(3)))
    }

    @Test("a time that no one told has the bits that it has by itself", arguments: names)
    func between(_ name: String) throws {
        let tiny = try Case(name)
        let table = ModulationTable(timesteps: tiny.times)
        _ = try tiny.result(at: tiny.times[0], table)
        let middle = (tiny.times[0] + tiny.times[1]) / 2
        #expect(try tiny.bits(at: middle, table) == tiny.bits(at: middle))
        // Of one step there is nothing to keep.
        let short = ModulationTable(timesteps: [tiny.times[2]])
        #expect(try tiny.bits(at: tiny.times[2], short) == tiny.bits(at: tiny.times[2]))
    }

    @Test("another text, guidance or batch is not taken for the first", arguments: names)
    func others(_ name: String) throws {
        let tiny = try Case(name)
        let table = ModulationTable(timesteps: tiny.times)
        _ = try tiny.result(at: tiny.times[0], table)
        var other = TextContext(
            tokens: tiny.context.tokens, pooled: tiny.context.pooled.map { $0 * 0.5 })
        other.concatenated = tiny.context.concatenated
        for guidance in [tiny.context.guidance, .scale(7)] {
            other.guidance = guidance
            for time in tiny.times.prefix(2) {
                let expected = try tiny.result(at: time, nil, other)
                #expect(relativeError(try tiny.result(at: time, table, other), expected) < Tolerance.f32.op)
            }
        }
        var alone = TextContext(tokens: other.tokens[1..<2], pooled: other.pooled?[1..<2])
        alone.concatenated = other.concatenated?[1..<2]
        alone.guidance = other.guidance
        let latent = tiny.golden["latent"][1..<2]
        let time = Tensor.full(tiny.times[1], [1], on: latent.device)
        let result = try tiny.network(
            latent, timestep: time, context: alone, through: BlockRunner(modulations: table))
        let expected = try tiny.network(latent, timestep: time, context: alone)
        #expect(relativeError(result, expected) < Tolerance.f32.op)
    }

    @Test("hooks see the vector that the blocks' layers read", arguments: names)
    func hooks(_ name: String) throws {
        let tiny = try Case(name)
        func seen(_ table: ModulationTable?) throws -> [[UInt32]] {
            let seen = Mutex<[[UInt32]]>([])
            let hook = BlockHook(.all) { state, call, block in
                seen.withLock { $0.append(call.modulation.floats().map(\.bitPattern)) }
                return try block(state)
            }
            _ = try tiny.result(at: tiny.times[1], table, hooks: [hook])
            return seen.withLock { $0 }
        }
        #expect(try seen(ModulationTable(timesteps: tiny.times)) == seen(nil))
    }

    @Test("layers that read time alone multiply once in a run", arguments: names)
    func onceInARun(_ name: String) throws {
        let log = ProductLog()
        let tiny = try Case(name, on: .cpu(observer: log))
        // Chroma's network has a row for each modulation, all other layers one for time, or the text's pooled vector.
        let chroma = name == Family.chroma.rawValue ? try ChromaConfig(tiny.golden.config).modulations : nil
        func count() -> Int {
            log.taken().count { $0.count == 3 && $0[1] == chroma ?? 1 || $0.count == 2 }
        }
        _ = try tiny.result(at: tiny.times[0])
        let alone = count()
        #expect(alone > 0)
        for time in tiny.times { _ = try tiny.result(at: time) }
        #expect(count() == tiny.times.count * alone)

        let table = ModulationTable(timesteps: tiny.times)
        _ = try tiny.result(at: tiny.times[0], table)
        let first = log.taken()
        for time in tiny.times.dropFirst() { _ = try tiny.result(at: time, table) }
        #expect(count() == 0)
        // In the first step the embedders make each step's vector, and each modulation is one product of all of them.
        if chroma == nil {
            let stacked = first.filter { $0.count == 3 && $0[1] == 1 }
            let embedders = first.count { $0.count == 2 }
            #expect(embedders > 0 && embedders.isMultiple(of: tiny.times.count))
            #expect(stacked.count == alone - embedders / tiny.times.count)
            #expect(stacked.allSatisfy { $0[0] >= tiny.times.count })
        } else {
            #expect(first.count { $0.count == 3 && $0[1] == chroma } == tiny.times.count * alone)
        }
    }

    /// The shapes of what linear layers were given.
    private final class ProductLog: OpObserver {
        private let shapes = Mutex<[[Int]]>([])

        func record(_ event: OpEvent) {
            guard event.name == "linear", let match = event.shapes.prefixMatch(of: /\w+ \[([\d, ]*)\]/)
            else { return }
            let dims = match.output.1.split(separator: ", ").compactMap { Int($0) }
            shapes.withLock { $0.append(dims) }
        }

        /// Those since it was asked last.
        func taken() -> [[Int]] {
            shapes.withLock { shapes in
                defer { shapes = [] }
                return shapes
            }
        }
    }
}
