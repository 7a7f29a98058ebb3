import DioramaGraph
import Synchronization
import Testing

/// Works in steps until it is stopped.
private struct Endless: Node {
    static let spec = NodeSpec("Endless", category: "toy", "Works until it is stopped.")
    @Input("After what.", optional: true) var number: Int?
    @Output("Never.") var result: Int

    func run(_ context: RunContext) throws {
        var step = 0
        while true {
            try context.checkCancellation()
            step += 1
            if step == 10 { context.progress(10, of: 1_000_000) }
        }
    }
}

/// Sleeps as long as it is let.
private struct Sleeper: Node {
    static let spec = NodeSpec("Sleeper", category: "toy", "Sleeps.", lane: .io)
    @Output("Never.") var result: Int

    func run(_ context: RunContext) async throws {
        context.progress(1, of: 2)
        try await Task.sleep(for: .seconds(3600))
    }
}

@Suite(.timeLimit(.minutes(10))) struct CancellationTests {
    private let text = """
        {"1": {"class_type": "Constant", "inputs": {}},
         "2": {"class_type": "Endless", "inputs": {"number": ["1", 0]}},
         "3": {"class_type": "Sleeper", "inputs": {}},
         "4": {"class_type": "Add", "inputs": {"a": ["2", 0], "b": ["3", 0]}}}
        """

    private func schedule() throws -> Schedule {
        try Toys.schedule(text, nodes: [Endless.self, Sleeper.self], targets: ["4"])
    }

    @Test(arguments: ["run", "engine"])
    func stopsInsideNodes(by whom: String) async throws {
        let engine = Engine(Toys.environment())
        let run = engine.start(try schedule())
        let log = EventLog()
        var steps = 0
        for await event in run.events {
            log.append(event)
            if case .progress = event { steps += 1 }
            if case .progress = event, steps == 2 {
                if whom == "run" { run.cancel() } else { engine.cancel() }
            }
        }
        await #expect(throws: CancellationError.self) { try await run.result() }
        #expect(log.last == "cancelled")
        #expect(log.all.contains("step 10/1000000 2 (Endless)"))
        #expect(!log.all.contains { $0.hasPrefix("fail") || $0 == "begin 4 (Add)" })
    }

    @Test func stopsWithItsTask() async throws {
        let schedule = try schedule()
        let log = EventLog()
        let task = Task { try await Engine(Toys.environment()).run(schedule) { log.append($0) } }
        while !log.all.contains(where: { $0.hasPrefix("step 10") }) { await Task.yield() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(log.last == "cancelled")
    }

    @Test func aRunThatIsStoppedBeforeItBeginsRunsNothing() async throws {
        let log = Log()
        let schedule = try Toys.schedule(
            #"{"1": {"class_type": "Constant", "inputs": {}}}"#, log, targets: ["1"])
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await Engine(Toys.environment(log)).run(schedule)
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(log.all.isEmpty)
    }

    @Test func theEngineRunsAgainAfterwards() async throws {
        let engine = Engine(Toys.environment())
        let stopped = engine.start(try schedule())
        stopped.cancel()
        await #expect(throws: CancellationError.self) { try await stopped.result() }
        let fresh = try Toys.schedule(#"{"1": {"class_type": "Constant", "inputs": {}}}"#, targets: ["1"])
        #expect(try await engine.run(fresh).value("1", as: Int.self) == 1)
    }
}
