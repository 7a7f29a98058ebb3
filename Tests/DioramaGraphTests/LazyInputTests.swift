import DioramaGraph
import Testing

/// Hands on one of two values and asks for that one only.
struct Switch: Node {
    static let spec = NodeSpec("Switch", category: "toy", "Hands on one of two values.")
    @Input("Which.") var isOn: Bool
    @Input("Given when off.", lazy: true, match: "it") var off: AnyValue
    @Input("Given when on.", lazy: true, match: "it") var on: AnyValue
    @Output("One of them.", name: "out", match: "it") var out: AnyValue

    func checkLazy() -> [String]? {
        let wanted = isOn ? $on : $off
        return wanted.isPending ? [wanted.name] : []
    }

    func run(_ context: RunContext) { out = isOn ? on : off }
}

/// Asks for all its lazy inputs, as a node does that does not say.
struct Eager: Node {
    static let spec = NodeSpec("Eager", category: "toy", "Adds.")
    @Input("First.", lazy: true) var a: Int
    @Input("Second.", lazy: true) var b: Int
    @Output("The sum.") var sum: Int
    func run(_ context: RunContext) { sum = a + b }
}

/// Asks for what it does not have.
struct Confused: Node {
    static let spec = NodeSpec("Confused", category: "toy", "Asks for what there is not.")
    @Input("First.", lazy: true) var a: Int
    @Output("Nothing.") var sum: Int
    func checkLazy() -> [String]? { ["c"] }
    func run(_ context: RunContext) { sum = 0 }
}

@Suite(.timeLimit(.minutes(10))) struct LazyInputTests {
    let log = Log()

    private static let nodes: [any Node.Type] = [
        Switch.self, Eager.self, Confused.self, Fail.self, Numbers.self,
    ]

    private func schedule(_ text: String) throws -> Schedule {
        try Toys.schedule(text, log, nodes: Self.nodes)
    }

    private func run(_ text: String) async throws -> RunResult {
        try await Engine(Toys.environment(log)).run(schedule(text))
    }

    /// A switch between 1 and 2 + 2; everything it may need fails but for what it asks for.
    private func text(_ isOn: String, off: String = "1", on: String = "2") -> String {
        """
        {"1": {"class_type": "Constant", "inputs": {"value": 1}},
         "2": {"class_type": "Constant", "inputs": {"value": 2}},
         "four": {"class_type": "Add", "inputs": {"a": ["2", 0], "b": ["2", 0]}},
         "bad": {"class_type": "Fail", "inputs": {"number": ["2", 0]}},
         "switch": {"class_type": "Switch", "inputs": {"is_on": \(isOn), "off": ["\(off)", 0], "on": ["\(on)", 0]}},
         "show": {"class_type": "Show", "inputs": {"number": ["switch", 0]}}}
        """
    }

    @Test func onlyTheSideThatIsAskedForRuns() async throws {
        let result = try await run(text("false", on: "bad"))
        #expect(result.value("show", as: Int.self) == 1)
        #expect(log.all == ["run 1", "show 1"])
        #expect(result.nodesRun == 3)
        log.clear()
        let other = try await run(text("true", on: "four"))
        #expect(other.value("show", as: Int.self) == 4)
        #expect(log.all == ["run 2", "add", "show 4"])
    }

    @Test func aSideThatFailsFailsTheSwitch() async throws {
        let failure = await #expect(throws: RunFailure.self) { try await run(text("true", on: "bad")) }
        #expect(failure?.failures.map(\.node.id) == ["bad"])
        #expect(failure?.skipped.map(\.id) == ["switch", "show"])
    }

    @Test func aValueThatBothASwitchAndOthersTakeIsMadeOnce() async throws {
        // The switch asks for "four" long after "2" has been used and freed elsewhere.
        let result = try await run(
            """
            {"2": {"class_type": "Constant", "inputs": {"value": 2}},
             "on": {"class_type": "Add", "inputs": {"a": ["2", 0], "b": ["2", 0]}},
             "four": {"class_type": "Add", "inputs": {"a": ["2", 0], "b": ["on", 0]}},
             "show2": {"class_type": "Show", "inputs": {"number": ["2", 0]}},
             "late": {"class_type": "Show", "inputs": {"number": ["show2", 0]}},
             "flag": {"class_type": "IsOdd", "inputs": {"number": ["odd", 0]}},
             "odd": {"class_type": "Add", "inputs": {"a": ["late", 0], "b": 1}},
             "switch": {"class_type": "Switch", "inputs": {"is_on": ["flag", 0], "off": ["2", 0], "on": ["four", 0]}},
             "show": {"class_type": "Show", "inputs": {"number": ["switch", 0]}}}
            """, adding: [IsOdd.self])
        #expect(result.value("show", as: Int.self) == 6)
        #expect(log.count("run 2") == 1)
    }

    @Test func switchesBehindSwitchesAskInTurn() async throws {
        let depth = 300
        var text = "{\"0\": {\"class_type\": \"Constant\", \"inputs\": {\"value\": 7}}"
        text += ", \"bad\": {\"class_type\": \"Fail\", \"inputs\": {}}"
        for level in 1...depth {
            text += """
                , "\(level)": {"class_type": "Switch", "inputs":
                {"is_on": true, "off": ["bad", 0], "on": ["\(level - 1)", 0]}}
                """
        }
        text += ", \"show\": {\"class_type\": \"Show\", \"inputs\": {\"number\": [\"\(depth)\", 0]}}}"
        let result = try await run(text)
        #expect(result.value("show", as: Int.self) == 7)
    }

    @Test func aNodeThatDoesNotSayTakesAllOfThem() async throws {
        let result = try await run(
            """
            {"1": {"class_type": "Constant", "inputs": {"value": 1}},
             "2": {"class_type": "Constant", "inputs": {"value": 2}},
             "sum": {"class_type": "Eager", "inputs": {"a": ["1", 0], "b": ["2", 0]}},
             "show": {"class_type": "Show", "inputs": {"number": ["sum", 0]}}}
            """)
        #expect(result.value("show", as: Int.self) == 3)
    }

    @Test func eachValueOfAListMayAskForAnother() async throws {
        let result = try await run(
            """
            {"2": {"class_type": "Constant", "inputs": {"value": 2}},
             "n": {"class_type": "Numbers", "inputs": {"first": 0, "count": 2}},
             "on": {"class_type": "Constant", "inputs": {"value": 5}},
             "switch": {"class_type": "Switch", "inputs": {"is_on": ["flag", 0], "off": ["2", 0], "on": ["on", 0]}},
             "flag": {"class_type": "IsOdd", "inputs": {"number": ["n", 0]}},
             "show": {"class_type": "Show", "inputs": {"number": ["switch", 0]}}}
            """, adding: [IsOdd.self])
        #expect(result.list("show", of: Int.self) == [2, 5])
    }

    private func run(_ text: String, adding more: [any Node.Type]) async throws -> RunResult {
        let schedule = try Toys.schedule(text, log, nodes: Self.nodes + more)
        return try await Engine(Toys.environment(log)).run(schedule)
    }

    @Test func resultsAreKeptAndFoundAgain() async throws {
        let engine = Engine(Toys.environment(log))
        try await engine.run(schedule(text("true", off: "bad", on: "four")))
        log.clear()
        let result = try await engine.run(schedule(text("true", off: "bad", on: "four")))
        #expect(log.all == [])
        #expect(result.value("show", as: Int.self) == 4)
        // The other side has its parts made already.
        let other = try await engine.run(schedule(text("false", off: "2", on: "bad")))
        #expect(other.value("show", as: Int.self) == 2)
        #expect(log.all == ["show 2"])
    }

    @Test func aNameThatIsNoInputIsASentence() async throws {
        let text = """
            {"1": {"class_type": "Constant", "inputs": {"value": 1}},
             "c": {"class_type": "Confused", "inputs": {"a": ["1", 0]}},
             "show": {"class_type": "Show", "inputs": {"number": ["c", 0]}}}
            """
        let failure = await #expect(throws: RunFailure.self) { try await run(text) }
        #expect(
            failure?.description == "c (Confused): checkLazy names \"c\", which is no input of the node")
    }

    @Test func aWrongTypeIsFoundOnTheFarSideOfSwitches() throws {
        let error = #expect(throws: GraphError.self) {
            try schedule(
                """
                {"box": {"class_type": "MakeBox", "inputs": {}},
                 "1": {"class_type": "Switch", "inputs": {"is_on": true, "off": ["box", 0], "on": ["box", 0]}},
                 "2": {"class_type": "Switch", "inputs": {"is_on": true, "off": ["1", 0], "on": ["1", 0]}},
                 "show": {"class_type": "Show", "inputs": {"number": ["2", 0]}}}
                """)
        }
        #expect(
            error?.issues.map(\.description) == [
                "show (Show): \"number\" takes an INT, but output \"out\" of 2 (Switch) gives a BOX"
            ])
    }

    @Test func aSwitchThatFeedsItselfIsACircleAndNotAHang() {
        let error = #expect(throws: GraphError.self) {
            try schedule(
                """
                {"1": {"class_type": "Switch", "inputs": {"is_on": true, "off": ["2", 0], "on": ["2", 0]}},
                 "2": {"class_type": "Switch", "inputs": {"is_on": true, "off": ["1", 0], "on": ["1", 0]}},
                 "show": {"class_type": "Show", "inputs": {"number": ["2", 0]}}}
                """)
        }
        #expect(error?.issues.map(\.kind) == [.dependencyCycle])
    }

    @Test func lazinessAndTemplatesAreTold() throws {
        let json = try Toys.catalog([Switch.self]).json(in: Toys.environment())["Switch"]
        #expect(json?["input"]?["required"]?["on"]?[0] == "COMFY_MATCHTYPE_V3")
        #expect(json?["input"]?["required"]?["on"]?[1]?["lazy"] == true)
        #expect(json?["input"]?["required"]?["on"]?[1]?["template"]?["template_id"] == "it")
        #expect(json?["output"] == ["COMFY_MATCHTYPE_V3"])
        #expect(json?["output_matchtypes"] == ["it"])
    }
}

struct IsOdd: Node {
    static let spec = NodeSpec("IsOdd", category: "toy", "Whether a number is odd.")
    @Input("The number.") var number: Int
    @Output("Whether.") var isOdd: Bool
    func run(_ context: RunContext) { isOdd = number % 2 != 0 }
}
