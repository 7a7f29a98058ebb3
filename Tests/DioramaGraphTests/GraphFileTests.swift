import DioramaGraph
import Testing

@Suite struct GraphFileTests {
    static let text = """
        {"9": {"class_type": "Show", "inputs": {"number": ["sum", 0]}, "_meta": {"title": "The End"}},
         "sum": {"class_type": "Add", "inputs": {"a": ["1", "number"], "b": ["2", 0.0]}},
         "2": {"class_type": "Constant", "inputs": {"value": 5}, "_meta": {"title": "Five", "ver": "1"}},
         "1": {"class_type": "Constant", "inputs": {"value": {"__value__": [1, 2]}}}}
        """

    @Test func readsNodesLinksAndLiterals() throws {
        let file = try GraphFile(Self.text)
        #expect(file.nodes.map(\.id) == ["9", "sum", "2", "1"])
        #expect(file["9"]?.title == "The End")
        #expect(file["sum"]?.value(of: "a") == .link(Link("1", .name("number"))))
        #expect(file["sum"]?.value(of: "b") == .link(Link("2", .index(0))))
        #expect(file["1"]?.value(of: "value") == .literal([1, 2]))
        #expect(file["1"]?.value(of: "other") == nil)
    }

    @Test func roundTrips() throws {
        let file = try GraphFile(Self.text)
        #expect(try GraphFile(file.json.text()) == file)
        #expect(
            file.json["2"]?.text()
                == #"{"inputs": {"value": 5}, "class_type": "Constant", "_meta": {"title": "Five", "ver": "1"}}"#
        )
    }

    @Test func readsTheBodyOfARequest() throws {
        let file = try GraphFile(
            """
            {"client_id": "x", "prompt": {"1": {"class_type": "Constant", "inputs": {}}},
             "extra_data": {"extra_pnginfo": {"workflow": {"id": 7}}}}
            """)
        #expect(file.nodes.map(\.id) == ["1"])
        #expect(file.extraPNGInfo == ["workflow": ["id": 7]])
        let named = try GraphFile(#"{"prompt": {"class_type": "Constant", "inputs": {}}}"#)
        #expect(named.nodes.map(\.id) == ["prompt"])
    }

    @Test func theEditorsFormatNeedsACatalog() {
        let error = #expect(throws: GraphError.self) {
            try GraphFile(#"{"nodes": [], "links": [], "version": 0.4}"#)
        }
        #expect(
            error?.description
                == "this is a workflow as ComfyUI's editor saves it (nodes and links), whose widgets only a catalog "
                + "can name: read it with GraphFile(data:catalog:)")
    }

    @Test func reportsEveryMistakeOfForm() {
        let error = #expect(throws: GraphError.self) {
            try GraphFile(
                """
                {"1": {"inputs": {}}, "2": 7, "3": {"class_type": "A", "inputs": []},
                 "4": {"class_type": 5, "inputs": {}, "_meta": {"title": "Four"}},
                 "5": {"class_type": "A", "inputs": {"x": 1, "x": 2}}, "1": {"class_type": "A"}}
                """)
        }
        #expect(
            error?.issues.map(\.description) == [
                "\"5.inputs\" has \"x\" twice, again at line 3, column 46: remove or rename one",
                "the graph has \"1\" twice, again at line 3, column 56: remove or rename one",
                "2 (no class): expected {\"class_type\": ..., \"inputs\": {...}}, found a whole number",
                "3 (A): \"inputs\" is an object of values by name, found a list",
                "4 (no class \"Four\"): the node has no \"class_type\"; it is a text such as \"KSampler\", found a "
                    + "whole number",
            ])
    }

    @Test(
        "what is no graph",
        arguments: [
            ("[]", "a graph is an object of nodes by id, found a list"),
            ("{\"1\": }", "the file is not JSON: line 1, column 7: expected a value, found '}'"),
            ("", "the file is not JSON: line 1, column 1: the text is empty"),
            ("\"{}\"", "a graph is an object of nodes by id, found a text"),
        ])
    func whatIsNoGraph(text: String, sentence: String) {
        let error = #expect(throws: GraphError.self) { try GraphFile(text) }
        #expect(error?.description == sentence)
    }

    @Test func aGraphHasAnEnd() {
        let nodes = (0...200_000).map { "\"\($0)\":1" }.joined(separator: ",")
        let error = #expect(throws: GraphError.self) { try GraphFile("{\(nodes)}") }
        #expect(error?.description == "the graph has 200001 nodes; at most 200000 are read")
    }

    @Test func findsNodesByIdTitleOrClass() throws {
        let file = try GraphFile(Self.text)
        #expect(file.ids(matching: "sum") == ["sum"])
        #expect(file.ids(matching: "the end") == ["9"])
        #expect(file.ids(matching: "constant") == ["2", "1"])
        #expect(file.ids(matching: "nothing").isEmpty)
    }

    @Test func walksUpAndDown() throws {
        let file = try GraphFile(Self.text)
        #expect(file.upstream(of: "9") == ["sum", "1", "2"])
        #expect(file.upstream(of: "sum", input: "b") == ["2"])
        #expect(file.downstream(of: "1") == ["sum", "9"])
        #expect(file.wires(outOf: "2").map(\.input) == ["b"])
        #expect(file.wires(into: "9").map(\.link) == [Link("sum", .index(0))])
    }

    @Test func setsInputs() throws {
        var file = try GraphFile(Self.text)
        try file.set("value", of: "2", to: .literal(["x"]))
        try file.set("value", of: "1", to: .link(Link("2", .index(0))))
        #expect(file.json["2"]?["inputs"]?["value"] == ["__value__": ["x"]])
        #expect(file.json["1"]?["inputs"]?["value"] == ["2", 0])
        let error = #expect(throws: GraphError.self) { try file.set("value", of: "sun", to: .literal(1)) }
        #expect(error?.description == "the graph has no node \"sun\"; did you mean \"sum\"?")
    }
}
