import DioramaGraph
import Foundation
import Synchronization
import Testing

/// Counts up: its result is not decided by its inputs.
private struct Tick: Node {
    static let spec = NodeSpec("Tick", category: "toy", "Counts up.", isCacheable: false)
    @Output("The count.") var count: Int

    func run(_ context: RunContext) throws {
        let log = try context.resource(Log.self)
        log.append("tick")
        count = log.count("tick")
    }
}

/// Depends on something outside the graph.
private struct Reader: Node {
    static let spec = NodeSpec("Reader", category: "toy", "Reads a file.")
    @Input("Which.") var file: String
    @Output("Its content.") var content: Int

    func fingerprint(_ environment: RunEnvironment) throws -> String? {
        try environment.resource(Version.self).text
    }

    func run(_ context: RunContext) throws {
        try context.resource(Log.self).append("read \(file)")
        content = 1
    }
}

private final class Version: Sendable {
    private let value = Mutex<String?>("1")
    var text: String {
        get throws {
            guard let text = value.withLock({ $0 }) else { throw Unknown() }
            return text
        }
    }
    private struct Unknown: Error {}
    func set(_ text: String?) { value.withLock { $0 = text } }
}

/// Its result names its id.
private struct Self_ID: Node {
    static let spec = NodeSpec("SelfID", category: "toy", "Tells its id.")
    @Hidden(.uniqueID) var id: String
    @Output("The id.") var result: String

    func run(_ context: RunContext) { result = id }
}

/// Writes a file, or pretends to.
private struct Save: Node {
    static let spec = NodeSpec("Save", category: "toy", "Saves.", lane: .io, isOutput: true)
    @Input("A number.") var number: Int

    func run(_ context: RunContext) throws {
        let log = try context.resource(Log.self)
        log.append("save")
        context.report(file: URL(filePath: "/nowhere/\(log.count("save")).png"))
    }
}

@Suite(.timeLimit(.minutes(10))) struct EngineCacheTests {
    let log = Log()

    private func run(
        _ text: String, on engine: Engine, targets: [String]? = nil, rerunOutputs: Bool = false
    ) async throws -> RunResult {
        let catalog = try Toys.catalog([Tick.self, Reader.self, Self_ID.self, Save.self])
        let graph = try Graph(
            GraphFile(text), catalog: catalog, environment: engine.environment, targets: targets)
        return try await engine.run(Schedule(graph), rerunOutputs: rerunOutputs)
    }

    private func sum(_ a: Int, _ b: Int) -> String {
        """
        {"1": {"class_type": "Constant", "inputs": {"value": \(a)}},
         "2": {"class_type": "Constant", "inputs": {"value": \(b)}},
         "3": {"class_type": "Add", "inputs": {"a": ["1", 0], "b": ["2", 0]}},
         "4": {"class_type": "Show", "inputs": {"number": ["3", 0]}}}
        """
    }

    @Test func onlyWhatChangedRunsAgain() async throws {
        let engine = Engine(Toys.environment(log))
        #expect(try await run(sum(1, 2), on: engine).nodesRun == 4)
        #expect(try await run(sum(1, 2), on: engine).nodesRun == 0)
        log.clear()
        let changed = try await run(sum(1, 3), on: engine)
        #expect(changed.value("4", as: Int.self) == 4)
        #expect(log.all == ["run 3", "add", "show 4"])
        // Other ids, a default left out: the same work.
        let same = """
            {"x": {"class_type": "Constant", "inputs": {}}, "y": {"class_type": "Constant", "inputs": {"value": "3"}},
             "z": {"class_type": "Add", "inputs": {"b": ["y", "number"], "a": ["x", 0]}},
             "s": {"class_type": "Show", "inputs": {"number": ["z", 0]}}}
            """
        #expect(try await run(same, on: engine).nodesRun == 0)
    }

    @Test func whatIsNotDecidedByInputsRunsEachTime() async throws {
        let text = """
            {"1": {"class_type": "Tick", "inputs": {}},
             "2": {"class_type": "Show", "inputs": {"number": ["1", 0]}},
             "3": {"class_type": "Tick", "inputs": {}}, "4": {"class_type": "Show", "inputs": {"number": ["3", 0]}}}
            """
        let engine = Engine(Toys.environment(log))
        #expect(try await run(text, on: engine).nodesRun == 4)
        #expect(try await run(text, on: engine).nodesRun == 4)
        #expect(log.count("tick") == 4)
    }

    @Test func aFingerprintTellsWhenToRunAgain() async throws {
        let version = Version()
        var environment = Toys.environment(log)
        environment.resources[Version.self] = version
        let engine = Engine(environment)
        let text = #"{"1": {"class_type": "Reader", "inputs": {"file": "a"}}}"#
        for fingerprint in ["1", "1", "2", nil, nil] {
            version.set(fingerprint)
            _ = try await run(text, on: engine, targets: ["1"])
        }
        // Once for "1", once for "2", and each time there is none to be had.
        #expect(log.count("read a") == 4)
    }

    @Test func anIdCountsWhereTheNodeAsksForIt() async throws {
        let text = """
            {"1": {"class_type": "SelfID", "inputs": {}}, "2": {"class_type": "SelfID", "inputs": {}}}
            """
        let result = try await run(text, on: Engine(Toys.environment()), targets: ["1", "2"])
        #expect(result.value("1", as: String.self) == "1")
        #expect(result.value("2", as: String.self) == "2")
    }

    @Test func outputsAreToldOfAnewOrRunAgain() async throws {
        let text = """
            {"1": {"class_type": "Constant", "inputs": {}},
             "2": {"class_type": "Save", "inputs": {"number": ["1", 0]}}}
            """
        let engine = Engine(Toys.environment(log))
        #expect(try await run(text, on: engine).artefacts.map(\.file.lastPathComponent) == ["1.png"])
        #expect(try await run(text, on: engine).artefacts.map(\.file.lastPathComponent) == ["1.png"])
        let again = try await run(text, on: engine, rerunOutputs: true)
        #expect(again.artefacts.map(\.file.lastPathComponent) == ["2.png"])
        #expect(again.nodesRun == 1)
        #expect(log.all == ["run 1", "save", "save"])
    }

    @Test func theBudgetHolds() async throws {
        let engine = Engine(Toys.environment(log), cacheBytes: 3000)
        func box(_ value: Int, bytes: Int) -> String {
            #"{"1": {"class_type": "MakeBox", "inputs": {"value": \#(value), "bytes": \#(bytes)}}}"#
        }
        for value in [1, 2, 1, 3] { _ = try await run(box(value, bytes: 1000), on: engine, targets: ["1"]) }
        // 3 pushed out 2, which was unused longest.
        #expect(log.all == ["run box 1", "run box 2", "run box 3", "freed 2"])
        #expect(engine.cachedBytes == 2 * (1000 + 256))
        _ = try await run(box(4, bytes: 5000), on: engine, targets: ["1"])
        #expect(log.all.suffix(2) == ["run box 4", "freed 4"])
        log.clear()
        for value in [1, 3] { _ = try await run(box(value, bytes: 1000), on: engine, targets: ["1"]) }
        #expect(log.all.isEmpty)
    }

    @Test func manyUsesKeepTheCacheSmall() async throws {
        let engine = Engine(Toys.environment(log), cacheBytes: 256 * 20)
        for round in 0..<300 {
            _ = try await run(
                #"{"1": {"class_type": "Constant", "inputs": {"value": \#(round % 30)}}}"#, on: engine,
                targets: ["1"])
        }
        #expect(engine.cachedBytes <= 256 * 20)
        #expect(log.all.count == 300)
    }

    @Test func keysAreStable() throws {
        let schedule = try Toys.schedule(sum(1, 2))
        let again = try Toys.schedule(sum(1, 2))
        #expect(schedule.steps.map(\.key) == again.steps.map(\.key))
        #expect(Set(schedule.steps.map(\.key)).count == 4)
        #expect(schedule.steps.allSatisfy { $0.key?.description.count == 32 })
    }

    @Test func noMoreResultsAreKeptThanAllowed() async throws {
        let log = Log()
        let engine = Engine(Toys.environment(log), cacheEntries: 2)
        func run(_ value: Int) async throws {
            let text = #"{"1": {"class_type": "Constant", "inputs": {"value": \#(value)}}}"#
            try await engine.run(Toys.schedule(text, log, targets: ["1"]))
        }
        for value in [1, 2, 3] { try await run(value) }
        log.clear()
        for value in [3, 2, 1] { try await run(value) }
        #expect(log.all == ["run 1"])
    }
}
