import DioramaGraph
import Foundation
import Synchronization
import Testing

/// Makes a number, slowly.
private struct Slow: Node {
    static let spec = NodeSpec("Slow", category: "toy", "Takes its time.")
    @Input("The number.") var value = 1
    @Output("The number.") var number: Int

    func run(_ context: RunContext) async throws {
        try context.resource(Log.self).append("slow \(value)")
        try await Task.sleep(for: .milliseconds(50))
        number = value
    }
}

/// One of the stages of a run that computes.
private struct Stage: Node {
    static let spec = NodeSpec("Stage", category: "toy", "Passes a number on, slowly.")
    @Input("The number.") var value = 0
    @Output("The number and ten.", name: "number") var number: Int

    func run(_ context: RunContext) throws {
        try context.resource(Log.self).append("stage \(value)")
        Thread.sleep(forTimeInterval: 0.02)
        number = value + 10
    }
}

/// Tells which guest it met.
private struct Greet: Node {
    static let spec = NodeSpec("Greet", category: "toy", "Greets.", isOutput: true)

    func run(_ context: RunContext) throws {
        try context.resource(Log.self).append("hello \(context.resource(Guest.self).name)")
    }
}

private struct Guest: Sendable { let name: String }

@Suite(.timeLimit(.minutes(10))) struct SharedRunTests {
    private static let graph = """
        {"1": {"class_type": "Slow", "inputs": {"value": 5}},
         "2": {"class_type": "Show", "inputs": {"number": ["1", 0]}}}
        """

    private func schedule(_ text: String, _ log: Log) throws -> Schedule {
        try Toys.schedule(text, log, nodes: [Slow.self, Greet.self])
    }

    @Test func runsAtOnceComputeWhatTheyShareOnce() async throws {
        let log = Log()
        let engine = Engine(Toys.environment(log))
        let schedule = try schedule(Self.graph, log)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let result = try await engine.run(schedule, rerunOutputs: true)
                    #expect(result.value("2", as: Int.self) == 5)
                }
            }
            try await group.waitForAll()
        }
        #expect(log.count("slow 5") == 1)
        #expect(log.count("show 5") == 4)
    }

    @Test func whatWasMadeMeanwhileIsToldAsCached() async throws {
        let log = Log()
        let engine = Engine(Toys.environment(log))
        let schedule = try schedule(Self.graph, log)
        let cached = Mutex(0)
        let started = Mutex(0)
        let note: @Sendable (RunEvent) -> Void = { event in
            switch event {
            case .cached(let nodes) where nodes.contains { $0.className == "Slow" }:
                cached.withLock { $0 += 1 }
            case .nodeStarted(let node, _, _) where node.className == "Slow": started.withLock { $0 += 1 }
            default: break
            }
        }
        async let one = engine.run(schedule, onEvent: note)
        async let two = engine.run(schedule, onEvent: note)
        let results = try await [one, two]
        #expect(results.map { $0.value("2", as: Int.self) } == [5, 5])
        #expect(started.withLock { $0 } == 1)
        #expect(cached.withLock { $0 } == 1)
    }

    @Test func aRunHasResourcesOfItsOwn() async throws {
        let log = Log()
        var environment = Toys.environment(log)
        environment.resources[Guest.self] = Guest(name: "everyone")
        let engine = Engine(environment)
        let schedule = try schedule(#"{"1": {"class_type": "Greet", "inputs": {}}}"#, log)
        try await engine.run(schedule, rerunOutputs: true, resources: Resources().with(Guest(name: "Ada")))
        try await engine.run(schedule, rerunOutputs: true)
        #expect(log.all == ["hello Ada", "hello everyone"])
    }

    @Test func theRunThatBeganFirstComputesFirst() async throws {
        let log = Log()
        let engine = Engine(Toys.environment(log))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...4 {
                let graph = try Toys.schedule(
                    """
                    {"1": {"class_type": "Stage", "inputs": {"value": \(number)}},
                     "2": {"class_type": "Stage", "inputs": {"value": ["1", 0]}},
                     "3": {"class_type": "Stage", "inputs": {"value": ["2", 0]}},
                     "4": {"class_type": "Show", "inputs": {"number": ["3", 0]}}}
                    """, log, nodes: [Stage.self])
                let (events, continuation) = AsyncStream.makeStream(of: Void.self)
                group.addTask {
                    try await engine.run(graph) { event in
                        if case .started = event { continuation.finish() }
                    }
                }
                for await _ in events {}
            }
            try await group.waitForAll()
        }
        // While the first run computes, the others wait with their first stages; each then goes through to its end.
        let stages = log.all.filter { $0.hasPrefix("stage") }
        #expect(stages == (1...4).flatMap { [$0, $0 + 10, $0 + 20] }.map { "stage \($0)" })
    }
}
