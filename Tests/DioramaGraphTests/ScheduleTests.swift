import DioramaGraph
import Testing

@Suite struct ScheduleTests {
    /// The order that ComfyUI's `ExecutionList` picks: output nodes first, then what feeds them, then what feeds that,
    /// then the order in which nodes are met.
    @Test func prefersWhatIsNearAnOutput() throws {
        let schedule = try Toys.schedule(
            """
            {"far": {"class_type": "Constant", "inputs": {"value": 1}},
             "mid": {"class_type": "Add", "inputs": {"a": ["far", 0], "b": ["far", 0]}},
             "near": {"class_type": "Add", "inputs": {"a": ["mid", 0], "b": ["mid", 0]}},
             "end": {"class_type": "Show", "inputs": {"number": ["near", 0]}},
             "one": {"class_type": "Constant", "inputs": {"value": 2}},
             "quick": {"class_type": "Show", "inputs": {"number": ["one", 0]}},
             "two": {"class_type": "Constant", "inputs": {"value": 3}},
             "later": {"class_type": "Add", "inputs": {"a": ["two", 0], "b": ["two", 0]}},
             "last": {"class_type": "Show", "inputs": {"number": ["later", 0]}}}
            """)
        #expect(
            schedule.steps.map(\.label.id) == [
                "one", "quick", "two", "later", "last", "far", "mid", "near", "end",
            ])
        #expect(schedule.targetIDs == ["end", "quick", "last"])
        #expect(schedule.steps[8].sources == [7])
    }

    @Test func takesOnlyWhatIsNeeded() throws {
        let text = """
            {"1": {"class_type": "Constant", "inputs": {"value": 1}},
             "2": {"class_type": "Constant", "inputs": {"value": 2}},
             "3": {"class_type": "Show", "inputs": {"number": ["1", 0]}},
             "4": {"class_type": "Show", "inputs": {"number": ["2", 0]}},
             "5": {"class_type": "Constant", "inputs": {"value": 5}}}
            """
        let graph = try Graph(GraphFile(text), catalog: Toys.catalog(), environment: Toys.environment())
        #expect(try Schedule(graph, outputs: ["4"]).steps.map(\.label.id) == ["2", "4"])
        #expect(try Schedule(graph, outputs: ["1"]).steps.map(\.label.id) == ["1"])
        #expect(try Schedule(graph, outputs: nil).nodeCount == 4)
        let error = #expect(throws: GraphError.self) { try Schedule(graph, outputs: ["5", "44"]) }
        #expect(
            error?.description
                == "no output of the graph needs a node \"5\"; did you mean \"1\"?\n"
                + "no output of the graph needs a node \"44\"; did you mean \"4\"?")
    }

    // MARK: Size

    /// Nodes "0" to "9999", each adding to the one before.
    private var chain: String {
        let links = (1..<10_000).map {
            #""\#($0)": {"class_type": "Add", "inputs": {"a": ["\#($0 - 1)", 0], "b": ["0", 0]}}"#
        }
        return #"{"0": {"class_type": "Constant", "inputs": {}}, \#(links.joined(separator: ", "))}"#
    }

    @Test(.timeLimit(.minutes(10))) func tenThousandNodesInARow() async throws {
        let schedule = try Toys.schedule(chain, targets: ["9999"])
        #expect(schedule.steps.count == 10_000)
        #expect(schedule.steps.map(\.label.id) == (0..<10_000).map(String.init))
        let result = try await Engine(Toys.environment()).run(schedule)
        #expect(result.value("9999", as: Int.self) == 10_000)
        #expect(result.nodesRun == 10_000)
    }

    @Test(.timeLimit(.minutes(10))) func tenThousandNodesSideBySide() async throws {
        let pairs = (0..<5000).map {
            #""c\#($0)": {"class_type": "Constant", "inputs": {"value": \#($0)}}, "#
                + #""s\#($0)": {"class_type": "Show", "inputs": {"number": ["c\#($0)", 0]}}"#
        }
        let schedule = try Toys.schedule("{\(pairs.joined(separator: ", "))}")
        let result = try await Engine(Toys.environment()).run(schedule)
        #expect(result.nodesRun == 10_000)
        #expect(result.value("s4999", as: Int.self) == 4999)
    }

    @Test func aCircleOfTenThousandNodesIsNamedInShort() throws {
        let text = chain.replacing(
            #""0": {"class_type": "Constant", "inputs": {}}"#,
            with: """
                "0": {"class_type": "Add", "inputs": {"a": ["9999", 0], "b": 1}}
                """)
        let error = #expect(throws: GraphError.self) { try Toys.schedule(text, targets: ["9999"]) }
        let first = try #require(error?.issues.first)
        #expect(first.kind == .dependencyCycle)
        #expect(first.message.contains("… 9988 more …"))
        #expect(first.message.count < 400)
    }

    @Test func tenThousandUnknownClassesAreReported() throws {
        let nodes = (0..<10_000).map { #""\#($0)": {"class_type": "Nonsense\#($0)", "inputs": {}}"# }
        let error = #expect(throws: GraphError.self) {
            try Toys.schedule("{\(nodes.joined(separator: ", "))}")
        }
        #expect(error?.issues.count == 10_000)
    }
}
