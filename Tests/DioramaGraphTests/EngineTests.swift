import DioramaGraph
import Synchronization
import Testing

/// Waits until another of its kind has begun: both end only if they overlap.
struct Meet: Node {
    static let spec = NodeSpec("Meet", category: "toy", "Meets another node.", lane: .io)
    @Input("Which.") var name = "a"
    @Output("Nothing much.") var done: Int

    func run(_ context: RunContext) throws {
        let meeting = try context.resource(Meeting.self)
        meeting.arrive()
        while meeting.arrived < 2 {
            try context.checkCancellation()
        }
        done = 1
    }
}

final class Meeting: Sendable {
    private let count = Atomic(0)
    var arrived: Int { count.load(ordering: .acquiring) }
    func arrive() { count.add(1, ordering: .acquiringAndReleasing) }
}

/// Fails, or sets no output.
struct Fail: Node {
    static let spec = NodeSpec("Fail", title: "Failing", category: "toy", "Fails.")
    @Input("Anything.", optional: true) var number: Int?
    @Input("Whether to fail by forgetting.") var forgets = false
    @Output("Never.") var result: Int

    func run(_ context: RunContext) throws {
        if !forgets { throw context.fail($number, "is of no use") }
    }
}

/// Tells which nodes compute at once.
struct Exclusive: Node {
    static let spec = NodeSpec("Exclusive", category: "toy", "Must be alone.")
    @Input("Which.") var name = 0
    @Output("How many at once.") var most: Int

    func run(_ context: RunContext) async throws {
        let meeting = try context.resource(Meeting.self)
        meeting.arrive()
        let arrived = meeting.arrived
        await Task.yield()
        most = meeting.arrived - arrived
    }
}

@Suite(.timeLimit(.minutes(10))) struct EngineTests {
    let log = Log()

    private func environment() -> RunEnvironment {
        var environment = Toys.environment(log)
        environment.resources[Meeting.self] = Meeting()
        return environment
    }

    private func schedule(_ text: String, targets: [String]? = nil) throws -> Schedule {
        try Toys.schedule(text, log, nodes: [Meet.self, Fail.self, Exclusive.self], targets: targets)
    }

    @Test func runsWhatTheOutputsNeed() async throws {
        let schedule = try schedule(
            """
            {"1": {"class_type": "Constant", "inputs": {"value": 4}},
             "2": {"class_type": "Constant", "inputs": {"value": "5"}},
             "3": {"class_type": "Add", "inputs": {"a": ["1", 0], "b": ["2", "number"]}},
             "4": {"class_type": "Show", "inputs": {"number": ["3", 0]}},
             "5": {"class_type": "Constant", "inputs": {"value": 6}}}
            """)
        let result = try await Engine(environment()).run(schedule)
        #expect(result.value("4", as: Int.self) == 9)
        #expect(result.nodesRun == 4)
        #expect(log.all.sorted() == ["add", "run 4", "run 5", "show 9"])
    }

    @Test func filesAndWaitingOverlap() async throws {
        let schedule = try schedule(
            """
            {"1": {"class_type": "Meet", "inputs": {"name": "a"}}, "2": {"class_type": "Meet", "inputs": {"name": "b"}},
             "3": {"class_type": "Add", "inputs": {"a": ["1", 0], "b": ["2", 0]}}}
            """, targets: ["3"])
        let result = try await Engine(environment()).run(schedule)
        #expect(result.value("3", as: Int.self) == 2)
    }

    @Test func oneNodeComputesAtATime() async throws {
        let nodes = (0..<8).map { #""\#($0)": {"class_type": "Exclusive", "inputs": {"name": \#($0)}}"# }
        let schedule = try schedule("{\(nodes.joined(separator: ","))}", targets: (0..<8).map { "\($0)" })
        let result = try await Engine(environment()).run(schedule)
        for id in 0..<8 { #expect(result.value("\(id)", as: Int.self) == 0) }
    }

    @Test func equalSubgraphsRunOnce() async throws {
        let schedule = try schedule(
            """
            {"1": {"class_type": "Constant", "inputs": {"value": 4}},
             "2": {"class_type": "Constant", "inputs": {"value": "4"}, "_meta": {"title": "Other"}},
             "3": {"class_type": "Add", "inputs": {"a": ["1", 0], "b": ["2", 0]}},
             "4": {"class_type": "Show", "inputs": {"number": ["3", 0]}}}
            """)
        let events = EventLog()
        let result = try await Engine(environment()).run(schedule) { events.append($0) }
        #expect(result.value("4", as: Int.self) == 8)
        #expect(log.count("run 4") == 1)
        #expect(events.cached.count == 1)
        #expect(schedule.nodeCount == 4)
        #expect(schedule.steps.count == 3)
    }

    /// The second output of "2" is the box itself; nobody takes it, so it does not keep the box.
    @Test func valuesAreFreedAfterTheirLastUse() async throws {
        let schedule = try schedule(
            """
            {"1": {"class_type": "MakeBox", "inputs": {"value": 7}},
             "2": {"class_type": "OpenBox", "inputs": {"box": ["1", 0]}},
             "3": {"class_type": "Show", "inputs": {"number": ["2", 0]}}}
            """)
        try await Engine(environment(), cacheBytes: 0).run(schedule)
        #expect(log.all == ["run box 7", "freed 7", "show 7"])
    }

    @Test func eachOutputIsFreedOnItsOwn() async throws {
        let schedule = try schedule(
            """
            {"1": {"class_type": "MakeBox", "inputs": {"value": 7}},
             "2": {"class_type": "OpenBox", "inputs": {"box": ["1", 0]}},
             "3": {"class_type": "OpenBox", "inputs": {"box": ["2", "box"]}},
             "4": {"class_type": "Add", "inputs": {"a": ["2", 0], "b": ["3", 0]}},
             "5": {"class_type": "Show", "inputs": {"number": ["4", 0]}}}
            """)
        try await Engine(environment(), cacheBytes: 0).run(schedule)
        #expect(log.all == ["run box 7", "freed 7", "add", "show 14"])
    }

    @Test func keptValuesStay() async throws {
        let schedule = try schedule(
            """
            {"1": {"class_type": "MakeBox", "inputs": {"value": 7}},
             "2": {"class_type": "OpenBox", "inputs": {"box": ["1", 0]}},
             "3": {"class_type": "Show", "inputs": {"number": ["2", 0]}}}
            """)
        let engine = Engine(environment())
        try await engine.run(schedule)
        #expect(log.all == ["run box 7", "show 7"])
        engine.clearCache()
        #expect(log.all == ["run box 7", "show 7", "freed 7"])
    }

    @Test func hiddenValuesAreSupplied() async throws {
        let schedule = try schedule(
            """
            {"prompt": {"8": {"class_type": "ShowAny", "inputs": {"source": ["c", "number"]}},
                        "c": {"class_type": "Constant", "inputs": {}}},
             "extra_data": {"extra_pnginfo": {"workflow": {}}}}
            """)
        try await Engine(environment()).run(schedule)
        #expect(
            log.all == [
                "run 1",
                #"8: 1 {"8": {"inputs": {"source": ["c", 0]}, "class_type": "ShowAny"}, "c": {"inputs": {}, "#
                    + #""class_type": "Constant"}} {"workflow": {}}"#,
            ])
    }

    // MARK: Failure

    @Test func aFailureStopsItsDependentsOnly() async throws {
        let schedule = try schedule(
            """
            {"1": {"class_type": "Constant", "inputs": {"value": 4}},
             "2": {"class_type": "Fail", "inputs": {"number": ["1", 0]}, "_meta": {"title": "Bad"}},
             "3": {"class_type": "Constant", "inputs": {"value": 5}},
             "4": {"class_type": "Add", "inputs": {"a": ["2", 0], "b": ["3", 0]}},
             "5": {"class_type": "Show", "inputs": {"number": ["4", 0]}},
             "6": {"class_type": "Show", "inputs": {"number": ["1", 0]}}}
            """)
        let events = EventLog()
        let engine = Engine(environment())
        let error = await #expect(throws: RunFailure.self) {
            try await engine.run(schedule) { events.append($0) }
        }
        #expect(error?.description == #"2 (Fail "Bad"): number is of no use"#)
        #expect(error?.skipped.map(\.id).sorted() == ["4", "5"])
        #expect(error?.partial.value("6", as: Int.self) == 4)
        #expect(error?.partial.value("5", as: Int.self) == nil)
        #expect(log.count("show 4") == 1)
        #expect(events.last == "failed")
    }

    @Test func workThatOnlyAFailedNodeWantedIsGivenUp() async throws {
        let schedule = try schedule(
            """
            {"0": {"class_type": "Constant", "inputs": {"value": 3}},
             "1": {"class_type": "Fail", "inputs": {"number": ["0", 0]}},
             "2": {"class_type": "Add", "inputs": {"a": ["0", 0], "b": ["0", 0]}},
             "3": {"class_type": "Add", "inputs": {"a": ["2", 0], "b": ["0", 0]}},
             "4": {"class_type": "Add", "inputs": {"a": ["3", 0], "b": ["1", 0]}}}
            """, targets: ["4"])
        let error = await #expect(throws: RunFailure.self) { try await Engine(environment()).run(schedule) }
        #expect(error?.skipped.map(\.id) == ["4"])
        #expect(log.count("add") <= 1)
    }

    @Test func aForgottenOutputIsAnError() async throws {
        let schedule = try schedule(
            #"{"1": {"class_type": "Fail", "inputs": {"forgets": true}}}"#, targets: ["1"])
        let error = await #expect(throws: RunFailure.self) { try await Engine(environment()).run(schedule) }
        #expect(error?.description == "1 (Fail): the node ended without setting its output \"INT\"")
    }

    @Test func aMissingResourceIsAnError() async throws {
        let schedule = try schedule(#"{"1": {"class_type": "Meet", "inputs": {}}}"#, targets: ["1"])
        let error = await #expect(throws: RunFailure.self) {
            try await Engine(Toys.environment()).run(schedule)
        }
        #expect(error?.description == "1 (Meet): the engine was given no Meeting in its resources")
    }

    /// A link may carry what a literal must not: the range holds for both.
    @Test func linkedNumbersKeepToTheRange() async throws {
        let schedule = try schedule(
            """
            {"1": {"class_type": "Constant", "inputs": {"value": 101}},
             "2": {"class_type": "MakeBox", "inputs": {"value": ["1", 0]}}}
            """, targets: ["2"])
        let error = await #expect(throws: RunFailure.self) { try await Engine(environment()).run(schedule) }
        #expect(error?.description == "2 (MakeBox): \"value\" is 101, above its maximum 100")
    }

    @Test func linkedNumbersFitTheType() async throws {
        let schedule = try schedule(
            """
            {"1": {"class_type": "Constant", "inputs": {"value": -1}},
             "2": {"class_type": "Choose", "inputs": {"seed": ["1", 0], "file": "a.safetensors", "text": "",
                   "image": "x.png"}}}
            """, targets: ["2"])
        let error = await #expect(throws: RunFailure.self) { try await Engine(environment()).run(schedule) }
        #expect(
            error?.description
                == "2 (Choose): \"seed\" takes an INT, which cannot be made of the value it is linked to, -1")
    }

    // MARK: Events

    @Test func eventsTellTheStory() async throws {
        let schedule = try schedule(
            """
            {"1": {"class_type": "Constant", "inputs": {"value": 4}},
             "2": {"class_type": "Show", "inputs": {"number": ["1", 0]}}}
            """)
        let engine = Engine(environment())
        let first = engine.start(schedule)
        let events = EventLog()
        for await event in first.events { events.append(event) }
        #expect(try await first.result().value("2", as: Int.self) == 4)
        #expect(
            events.all == [
                "started 2", "begin 1 (Constant)", "end 1 (Constant)", "begin 2 (Show)", "end 2 (Show)",
                "finished",
            ])

        let second = engine.start(schedule)
        let again = EventLog()
        for await event in second.events { again.append(event) }
        #expect(again.all == ["started 2", "cached 2 (Show)", "finished"])
        #expect(try await second.result().value("2", as: Int.self) == 4)
    }
}

/// Events as words.
final class EventLog: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }
    var last: String? { all.last }
    var cached: [String] { all.filter { $0.hasPrefix("cached") } }

    func append(_ event: RunEvent) {
        let line =
            switch event {
            case .started(let nodes): "started \(nodes)"
            case .cached(let nodes): "cached \(nodes.map(\.description).joined(separator: ", "))"
            case .nodeStarted(let node, _, _): "begin \(node)"
            case .progress(let node, let step, let total): "step \(step)/\(total) \(node)"
            case .unit(let node, let unit): "\(unit.name) \(node)"
            case .notice(let node, let message): "notice \(node) \(message)"
            case .preview(let node, let preview): "preview \(node) \(preview.mediaType)"
            case .artefact(let artefact): "file \(artefact.file.lastPathComponent)"
            case .nodeFinished(let node, _, _): "end \(node)"
            case .nodeFailed(let failure, _): "fail \(failure)"
            case .finished: "finished"
            case .failed: "failed"
            case .cancelled: "cancelled"
            }
        lines.withLock { $0.append(line) }
    }
}
