import DioramaGraph
import Testing

/// Gives a list of numbers.
struct Numbers: Node {
    static let spec = NodeSpec("Numbers", category: "toy", "Gives a list of numbers.")
    @Input("How many.", in: 0...100) var count = 3
    @Input("The first.") var first = 1
    @OutputList("The numbers.", name: "numbers") var numbers: [Int]

    func run(_ context: RunContext) { numbers = (0..<count).map { first + $0 } }
}

/// Takes a whole list.
struct Total: Node {
    static let spec = NodeSpec("Total", category: "toy", "Adds up a list.")
    @InputList("The numbers.") var numbers: [Int]
    @Input("What each is multiplied by; of a list the first.") var factor = 1
    @Output("The sum.") var sum: Int
    @Output("How many.", name: "count") var count: Int

    func run(_ context: RunContext) throws {
        try context.resource(Log.self).append("total")
        sum = numbers.reduce(0) { $0 + $1 * factor }
        count = numbers.count
    }
}

/// Hands on numbers up to a limit.
struct Limit: Node {
    static let spec = NodeSpec("Limit", category: "toy", "Blocks numbers above a limit.")
    @Input("The number.") var number: Int
    @Input("The limit.") var limit = 2
    @Input("Whether to say why.") var speaks = false
    @Output("The number.") var same: Int

    func run(_ context: RunContext) {
        same = number
        if number > limit { $same.block(speaks ? "\(number) is too much" : nil) }
    }
}

/// Lists as ComfyUI's `_async_map_node_over_list` runs them: `[1, 2, 3] + [10, 20]` is `[11, 22, 23]`.
@Suite(.timeLimit(.minutes(10))) struct ListTests {
    let log = Log()

    private func run(_ text: String, targets: [String]? = nil) async throws -> RunResult {
        let nodes: [any Node.Type] = [Numbers.self, Total.self, Limit.self]
        let schedule = try Toys.schedule(text, log, nodes: nodes, targets: targets)
        return try await Engine(Toys.environment(log)).run(schedule)
    }

    @Test func aNodeRunsForEachValueAndShorterListsRepeatTheirLast() async throws {
        let result = try await run(
            """
            {"a": {"class_type": "Numbers", "inputs": {"count": 3}},
             "b": {"class_type": "Numbers", "inputs": {"count": 2, "first": 10}},
             "c": {"class_type": "Constant", "inputs": {"value": 100}},
             "ab": {"class_type": "Add", "inputs": {"a": ["a", 0], "b": ["b", 0]}},
             "abc": {"class_type": "Add", "inputs": {"a": ["ab", 0], "b": ["c", 0]}},
             "show": {"class_type": "Show", "inputs": {"number": ["abc", 0]}}}
            """)
        // 1 + 10, 2 + 11, 3 + 11.
        #expect(result.list("show", of: Int.self) == [111, 113, 114])
        #expect(result.value("show", as: Int.self) == 111)
        #expect(log.all.filter { $0.hasPrefix("show") } == ["show 111", "show 113", "show 114"])
        #expect(result.nodesRun == 6)
    }

    @Test func aNodeThatTakesListsRunsOnceAndGivesOneValue() async throws {
        let result = try await run(
            """
            {"a": {"class_type": "Numbers", "inputs": {"count": 4}},
             "f": {"class_type": "Numbers", "inputs": {"count": 2, "first": 5}},
             "sum": {"class_type": "Total", "inputs": {"numbers": ["a", 0], "factor": ["f", 0]}},
             "show": {"class_type": "Show", "inputs": {"number": ["sum", "INT"]}},
             "count": {"class_type": "Show", "inputs": {"number": ["sum", "count"]}},
             "one": {"class_type": "Total", "inputs": {"numbers": 7}},
             "shown": {"class_type": "Show", "inputs": {"number": ["one", 0]}}}
            """)
        #expect(result.list("show", of: Int.self) == [50])
        #expect(result.list("count", of: Int.self) == [4])
        #expect(result.list("shown", of: Int.self) == [7])
        #expect(log.count("total") == 2)
    }

    @Test func nothingRunsForAnEmptyList() async throws {
        let result = try await run(
            """
            {"a": {"class_type": "Numbers", "inputs": {"count": 0}},
             "show": {"class_type": "Show", "inputs": {"number": ["a", 0]}},
             "sum": {"class_type": "Total", "inputs": {"numbers": ["a", 0]}},
             "shown": {"class_type": "Show", "inputs": {"number": ["sum", 0]}}}
            """)
        #expect(result.list("show", of: Int.self) == [])
        #expect(result.list("shown", of: Int.self) == [0])
        #expect(log.all.filter { $0.hasPrefix("show") } == ["show 0"])
    }

    @Test func whatIsBlockedDoesNotRunAndTheRestDoes() async throws {
        let result = try await run(
            """
            {"a": {"class_type": "Numbers", "inputs": {"count": 4}},
             "limit": {"class_type": "Limit", "inputs": {"number": ["a", 0]}},
             "twice": {"class_type": "Add", "inputs": {"a": ["limit", 0], "b": ["limit", 0]}},
             "show": {"class_type": "Show", "inputs": {"number": ["twice", 0]}}}
            """)
        #expect(result.list("show", of: Int.self) == [2, 4])
        #expect(log.count("add") == 2)
    }

    @Test func aBlockThatSpeaksIsAFailureOfTheNodeThatWantedTheValue() async throws {
        let text = """
            {"a": {"class_type": "Numbers", "inputs": {"count": 4}},
             "limit": {"class_type": "Limit", "inputs": {"number": ["a", 0], "speaks": true}},
             "twice": {"class_type": "Add", "inputs": {"a": ["limit", 0], "b": ["limit", 0]}},
             "show": {"class_type": "Show", "inputs": {"number": ["twice", 0]}},
             "other": {"class_type": "Show", "inputs": {"number": ["a", 0]}}}
            """
        let failure = await #expect(throws: RunFailure.self) { try await run(text) }
        #expect(
            failure?.description == "twice (Add): blocked: 3 is too much; blocked: 4 is too much")
        #expect(failure?.partial.list("show", of: Int.self) == [2, 4])
        #expect(failure?.partial.list("other", of: Int.self) == [1, 2, 3, 4])
    }

    @Test func listsAreTold() throws {
        let json = try Toys.catalog([Numbers.self, Total.self]).json(in: Toys.environment())
        #expect(json["Numbers"]?["output_is_list"] == [true])
        #expect(json["Numbers"]?["is_input_list"] == false)
        #expect(json["Total"]?["is_input_list"] == true)
        #expect(json["Total"]?["output_is_list"] == [false, false])
    }
}
