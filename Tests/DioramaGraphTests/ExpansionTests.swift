import DioramaGraph
import Testing

/// Multiplies by adding again and again: a loop that puts itself in its own place.
struct Times: Node {
    static let spec = NodeSpec("Times", category: "toy", "Adds a number several times.")
    @Input("The number.") var number: Int
    @Input("How often.", in: 0...1_000_000) var count = 3
    @Input("What there is so far.") var sum = 0
    @Output("The sum.") var result: Int

    func run(_ context: RunContext) {
        if count == 0 {
            result = sum
            return
        }
        var loop = Expansion()
        let added = loop.add("Add", ["a": .value(number), "b": .value(sum)])
        let next = loop.add(
            "Times",
            ["number": .value(number), "count": .literal(.integer(count - 1)), "sum": .output(added[0])])
        $result.link(to: next[0])
        context.expand(loop)
    }
}

/// Puts a graph of the test's in its place.
struct Place: Node {
    static let spec = NodeSpec("Place", category: "toy", "Puts a graph in its place.")
    @Input("Which.", options: ["unknown", "range", "fails", "output", "shows", "nothing"]) var which: String
    @Input("A box.", optional: true) var box: Box?
    @Output("Something.") var result: Int

    func run(_ context: RunContext) {
        var graph = Expansion()
        switch which {
        case "unknown":
            $result.link(to: graph.add("Constamt", ["value": 1])[0])
        case "range":
            $result.link(to: graph.add("Constant", ["value": -2000], title: "Too small")[0])
        case "fails":
            $result.link(to: graph.add("Fail", [:])[0])
        case "output":
            $result.link(to: graph.add("Constant", ["value": 1])[3])
        case "shows":
            let opened = graph.add("OpenBox", ["box": box.map { .value($0) } ?? .literal(.null)])
            graph.add("Show", ["number": .output(opened[0])])
            result = 5
        default:
            graph.add("Constant", ["value": 1])
            result = 6
        }
        context.expand(graph)
    }
}

@Suite(.timeLimit(.minutes(10))) struct ExpansionTests {
    let log = Log()

    private func schedule(_ text: String) throws -> Schedule {
        try Toys.schedule(text, log, nodes: [Times.self, Place.self, Fail.self, Numbers.self])
    }

    private func run(_ text: String) async throws -> RunResult {
        try await Engine(Toys.environment(log)).run(schedule(text))
    }

    private func times(_ count: Int) -> String {
        """
        {"7": {"class_type": "Constant", "inputs": {"value": 7}},
         "times": {"class_type": "Times", "inputs": {"number": ["7", 0], "count": \(count)}},
         "show": {"class_type": "Show", "inputs": {"number": ["times", 0]}}}
        """
    }

    @Test func aLoopPutsItselfInItsPlace() async throws {
        let result = try await run(times(20))
        #expect(result.value("show", as: Int.self) == 140)
        #expect(log.count("add") == 20)
        // Three nodes, and in each round the loop itself, the sum and the values handed on.
        #expect(result.nodesRun > 40)
    }

    @Test func aLoopWithoutEndIsASentence() async throws {
        let failure = await #expect(throws: RunFailure.self) { try await run(times(5000)) }
        let text = try #require(failure?.description)
        #expect(text.hasPrefix("times (Times): in the graph that took its place, times.0.1.0.1"))
        #expect(
            text.hasSuffix(
                "1000 graphs lie within each other, each in the place of a node; a loop has no end?"))
        #expect(text.count < 1000)
    }

    @Test func itsResultIsKept() async throws {
        let engine = Engine(Toys.environment(log))
        try await engine.run(schedule(times(3)))
        log.clear()
        let result = try await engine.run(schedule(times(3)))
        #expect(result.value("show", as: Int.self) == 21)
        #expect(log.all == [])
        // Four rounds begin with the first of three, whose sum is known.
        let more = try await engine.run(schedule(times(4)))
        #expect(more.value("show", as: Int.self) == 28)
    }

    @Test func eachCallOfAListHasItsOwnGraph() async throws {
        let result = try await run(
            """
            {"n": {"class_type": "Numbers", "inputs": {"count": 3}},
             "times": {"class_type": "Times", "inputs": {"number": ["n", 0], "count": 2}},
             "show": {"class_type": "Show", "inputs": {"number": ["times", 0]}}}
            """)
        #expect(result.list("show", of: Int.self) == [2, 4, 6])
    }

    @Test(
        "what is wrong with the graph in its place is told with the place",
        arguments: [
            (
                "unknown",
                "p.0.0 (Constamt): there is no node class \"Constamt\"; did you mean \"Constant\"?"
            ),
            ("range", "p.0.0 (Constant \"Too small\"): \"value\" is -2000, below its minimum -1000"),
            ("fails", "in the graph that took its place, p.0.0 (Fail): number is of no use"),
            (
                "output",
                "an output is linked to output 3 of node 0 of the graph in its place, which there is not"
            ),
        ])
    func mistakes(which: String, message: String) async throws {
        let text = """
            {"p": {"class_type": "Place", "inputs": {"which": "\(which)"}},
             "show": {"class_type": "Show", "inputs": {"number": ["p", 0]}}}
            """
        let failure = await #expect(throws: RunFailure.self) { try await run(text) }
        let description = try #require(failure?.description)
        #expect(description.contains(message), "\(description)")
        #expect(description.hasPrefix("p (Place): "))
    }

    @Test func outputNodesInTheGraphRunAndValuesNeedNoLiteral() async throws {
        let result = try await run(
            """
            {"box": {"class_type": "MakeBox", "inputs": {"value": 9}},
             "p": {"class_type": "Place", "inputs": {"which": "shows", "box": ["box", 0]}},
             "show": {"class_type": "Show", "inputs": {"number": ["p", 0]}}}
            """)
        #expect(result.value("show", as: Int.self) == 5)
        #expect(log.all.contains("show 9"))
    }

    @Test func whatNothingLeadsToDoesNotRun() async throws {
        let result = try await run(
            """
            {"p": {"class_type": "Place", "inputs": {"which": "nothing"}},
             "show": {"class_type": "Show", "inputs": {"number": ["p", 0]}}}
            """)
        #expect(result.value("show", as: Int.self) == 6)
        #expect(log.all == ["show 6"])
    }
}
