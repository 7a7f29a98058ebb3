import DioramaGraph
import Testing

/// The sentences that people read when a workflow cannot be converted, and workflows made to do harm.
@Suite struct WorkflowErrorTests {
    private func sentences(_ workflow: JSON) throws -> [String] {
        let error = try #require(
            #expect(throws: GraphError.self) { try GraphFile(workflow, catalog: Toys.catalog()) })
        return error.description.split(separator: "\n").map(String.init)
    }

    @Test func everyProblemAtOnce() throws {
        let missing = "6f2a0a54-1111-2222-3333-0123456789ab"
        let inner = Drawn.subgraph(
            "inner", "Inner",
            [
                Drawn.node(1, "Add", [Drawn.slot("a", 5), Drawn.slot("b", 6)]),
                Drawn.node(2, "Chose", widgets: [1]),
            ], links: [[5, -10, 3, 1, 0, "INT"]])
        let workflow = Drawn.workflow(
            [
                Drawn.node(1, "Add", [Drawn.slot("a", 1), Drawn.slot("b", 2)]),
                Drawn.node(2, "Constnat", widgets: [1, 2, 3], more: ["title": "Number"]),
                Drawn.node(3, "Frobnicate"),
                Drawn.node(4, "Choose", widgets: ["euler", 5.5, 3, "fixed", "heun", "a", "b", "maybe"]),
                Drawn.node(5, missing), Drawn.node(6, "inner"), Drawn.node(6, "Add"),
                ["type": "Add"], 7,
                Drawn.node(8, "Elsewhere", widgets: [1], mode: 2),
            ], links: [[2, 99, 0, 1, 1, "INT"], [3, "x"]], subgraphs: [inner])
        let found = try sentences(workflow)
        #expect(
            found == [
                #"2 (Constnat "Number"): there is no node class "Constnat"; did you mean "Constant"?"#,
                #"3 (Frobnicate): there is no node class "Frobnicate""#,
                #"6:2 (Chose): there is no node class "Chose"; did you mean "Choose"?"#,
                "1 of 2 links cannot be read: expected [id, from node, slot, to node, slot, type]",
                "6 (Add): two nodes have this id",
                #"nodes[7]: expected a node with "id" and "type", found one without"#,
                #"nodes[8]: expected a node with "id" and "type", found a whole number"#,
                #"1 (Add): "a" takes the link 1, which the file does not have"#,
                #"1 (Add): "b" links to the node "99", which is not there"#,
                #"1 (Add): in the subgraph "Inner", "a" takes input 3 of the subgraph, which has 0"#,
                #"1 (Add): in the subgraph "Inner", "b" takes the link 6, which the file does not have"#,
                #"4 (Choose): "steps" takes a number, but widget 1 of 8 is "euler": the node was saved with other "#
                    + "widgets than it has here",
                #"4 (Choose): "is_on" takes true or false, but widget 8 of 8 is "maybe": the node was saved with "#
                    + "other widgets than it has here",
                "5 (\(missing)): it stands for the subgraph \(missing), which the file does not define; save the "
                    + "workflow again in the editor that has it",
            ])
    }

    @Test func unknownClassesWhoseWidgetsHaveNamesAreConverted() throws {
        let file = try GraphFile(
            Drawn.workflow(
                [
                    Drawn.node(1, "Far", widgets: [1], more: ["widgets_values_named": ["x": 1]]),
                    Drawn.node(2, "Farther", [Drawn.slot("y", nil, isWidget: true)], widgets: [2]),
                ], links: []), catalog: Toys.catalog())
        #expect(file.nodes.map(\.inputs) == [["x": 1], ["y": 2]])
    }

    @Test func idsThatMeetInAPIForm() throws {
        let leaf = Drawn.subgraph("leaf", "Leaf", [Drawn.node(2, "Constant")], links: [])
        let nodes = [Drawn.node(1, "leaf"), Drawn.node("1:2", "Constant")]
        #expect(
            try sentences(Drawn.workflow(nodes, links: [], subgraphs: [leaf])) == [
                "1:2 (Constant): two nodes have this id in API form"
            ])
    }

    @Test func circlesThroughNodesThatOnlyHandOn() throws {
        let workflow = Drawn.workflow(
            [
                Drawn.node(1, "Reroute", [Drawn.slot("", 1, type: "*")]),
                Drawn.node(2, "Add", [Drawn.slot("a", 2)], mode: 4),
                Drawn.node(3, "Show", [Drawn.slot("number", 3)]),
            ], links: [[1, 2, 0, 1, 0, "INT"], [2, 1, 0, 2, 0, "INT"], [3, 1, 0, 3, 0, "INT"]])
        #expect(
            try sentences(workflow) == [
                #"3 (Show): the link of "number" leads round in a circle of nodes that only hand values "#
                    + "on: 1 -> 2 -> 1"
            ])
    }

    @Test func subgraphsThatContainThemselves() throws {
        let a = Drawn.subgraph("a", "Hen", [Drawn.node(1, "b")], links: [])
        let b = Drawn.subgraph("b", "Egg", [Drawn.node(1, "a")], links: [])
        #expect(
            try sentences(Drawn.workflow([Drawn.node(1, "a")], links: [], subgraphs: [a, b])) == [
                #"a subgraph contains itself: "Hen" -> "Egg" -> "Hen""#
            ])
    }

    // MARK: Made to do harm

    /// Subgraphs that each hold `count` of the next.
    private func tower(_ levels: Int, of count: Int) -> JSON {
        let subgraphs = (0..<levels).map { level in
            Drawn.subgraph(
                "s\(level)", "S",
                (0..<count).map {
                    Drawn.node(.integer($0), level + 1 < levels ? "s\(level + 1)" : "Constant")
                }, links: [])
        }
        return Drawn.workflow([Drawn.node(1, "s0")], links: [], subgraphs: subgraphs)
    }

    @Test func subgraphsThatMultiply() throws {
        #expect(
            try sentences(tower(60, of: 10)) == [
                "the workflow is too large: with its subgraphs put in place it has more than 250000 nodes"
            ])
        #expect(
            try sentences(tower(200, of: 1)) == [
                "the workflow is too large: its subgraphs are nested deeper than 100 levels"
            ])
        #expect(try GraphFile(tower(90, of: 1), catalog: Toys.catalog()).nodes.count == 1)
    }

    @Test func textsThatMultiply() throws {
        let text = JSON.string(String(repeating: "x", count: 1 << 20))
        let node = Drawn.node(1, "Choose", more: ["widgets_values_named": ["text": text]])
        let leaf = Drawn.subgraph("leaf", "Leaf", [node], links: [])
        let many = (0..<1000).map { Drawn.node(.integer($0), "leaf") }
        #expect(
            try sentences(Drawn.workflow(many, links: [], subgraphs: [leaf])) == [
                "the workflow is too large: with its subgraphs put in place it has more than 128 MiB"
            ])
        let longIDs = Drawn.workflow(
            (0..<1000).map { Drawn.node(.integer($0), "leaf") }, links: [],
            subgraphs: [
                Drawn.subgraph(
                    "leaf", "Leaf", [Drawn.node(text, "Constant")], links: [])
            ])
        #expect(try sentences(longIDs).count == 1)
    }

    @Test func longLinesAreFollowedAndEndlessOnesAreNot() throws {
        let count = 20_000
        func chain(takers: Int) -> JSON {
            var nodes = [Drawn.node(0, "Constant")]
            var links: [JSON] = []
            for id in 1...count {
                nodes.append(Drawn.node(.integer(id), "Reroute", [Drawn.slot("", id, type: "*")]))
                links.append([.integer(id), .integer(id - 1), 0, .integer(id), 0, "*"])
            }
            for taker in 0..<takers {
                let id = count + 1 + taker
                nodes.append(Drawn.node(.integer(id), "Show", [Drawn.slot("number", id)]))
                links.append([.integer(id), .integer(count), 0, .integer(id), 0, "INT"])
            }
            return Drawn.workflow(nodes, links: links)
        }
        let file = try GraphFile(chain(takers: 1), catalog: Toys.catalog())
        #expect(file.nodes.last?.inputs == ["number": ["0", 0]])
        #expect(
            try sentences(chain(takers: 500)) == [
                "the workflow is too large: its lines lead through too many nodes that only hand values on"
            ])
    }

    @Test func bypassedNodesOfManyInputs() throws {
        let inputs = (0..<10_000).map { Drawn.slot("x\($0)", nil, type: "BOX") }
        var nodes = [Drawn.node(0, "MakeBox", inputs, mode: 4)]
        var links: [JSON] = []
        for id in 1...1000 {
            nodes.append(Drawn.node(.integer(id), "Show", [Drawn.slot("number", id)]))
            links.append([.integer(id), 0, 0, .integer(id), 0, "INT"])
        }
        #expect(
            try sentences(Drawn.workflow(nodes, links: links)) == [
                "the workflow is too large: its lines lead through too many nodes that only hand values on"
            ])
    }

    @Test(arguments: [
        #"{"nodes": []}"#, #"{"nodes": [], "links": {}, "definitions": 5}"#,
        #"{"nodes": [], "links": [null], "definitions": {"subgraphs": null}}"#,
    ])
    func emptyWorkflowsAreEmptyGraphs(text: String) throws {
        #expect(try GraphFile(text, catalog: Toys.catalog()).nodes.isEmpty)
    }

    @Test(arguments: [
        #"{"nodes": [{"id": 1, "type": "Add", "inputs": 7, "outputs": "x", "mode": "on", "properties": []}]}"#,
        #"{"nodes": [{"id": 1, "type": "Add", "inputs": [null, 3], "widgets_values": "x", "title": 3}]}"#,
    ])
    func oddMembersAreLeftOut(text: String) throws {
        #expect(try GraphFile(text, catalog: Toys.catalog()).nodes.map(\.className) == ["Add"])
    }
}
