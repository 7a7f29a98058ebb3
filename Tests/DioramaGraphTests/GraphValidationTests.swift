import DioramaGraph
import Testing

/// The sentences that people read when a graph is wrong.
@Suite struct GraphValidationTests {
    private func error(_ text: String, targets: [String]? = nil) throws -> GraphError {
        let file = try GraphFile(text)
        let catalog = try Toys.catalog()
        return try #require(
            #expect(throws: GraphError.self) {
                try Graph(file, catalog: catalog, environment: Toys.environment(), targets: targets)
            })
    }

    @Test func everyMistakeAtOnce() throws {
        let error = try error(
            """
            {"1": {"class_type": "Constnat", "inputs": {}},
             "2": {"class_type": "Add", "inputs": {"a": ["7", 0]}, "_meta": {"title": "Sum"}},
             "3": {"class_type": "OpenBox", "inputs": {"box": ["2", 0]}},
             "4": {"class_type": "Choose", "inputs": {
                "steps": 0, "scale": 10.5, "seed": -1, "sampler_name": "eulr", "file": "c.safetensors",
                "text": null, "is_on": "false", "image": ["8", 2], "sedd": 4}},
             "7": {"class_type": "Constant", "inputs": {"value": "fast"}},
             "8": {"class_type": "Constant", "inputs": {"value": [1, 0]}},
             "20": {"class_type": "Show", "inputs": {"number": ["3", "count"]}},
             "21": {"class_type": "ShowAny", "inputs": {"source": ["4", 0]}},
             "22": {"class_type": "Show", "inputs": {"number": ["77", 0]}},
             "23": {"class_type": "Show", "inputs": {"nunber": ["2", 0]}},
             "24": {"class_type": "Show", "inputs": {"number": 3, "box": ["2", 0]}},
             "25": {"class_type": "ShowAny", "inputs": {"source": {"a": 1}}}}
            """)
        #expect(
            error.description.split(separator: "\n").map(String.init) == [
                #"1 (Constnat): there is no node class "Constnat"; did you mean "Constant"?"#,
                #"2 (Add "Sum"): "b" is missing: it takes an INT"#,
                #"3 (OpenBox): "box" takes a BOX, but output "INT" of 2 (Add "Sum") gives an INT"#,
                #"4 (Choose): "steps" is 0, below its minimum 1"#,
                #"4 (Choose): "scale" is 10.5, above its maximum 10.0"#,
                #"4 (Choose): "seed" is -1, below its minimum 0"#,
                #"4 (Choose): "sampler_name" is "eulr", which is none of euler, euler_ancestral, heun; did you mean "#
                    + #""euler"?"#,
                #"4 (Choose): "file" is "c.safetensors", which is none of a.safetensors, b/c.safetensors; did you "#
                    + #"mean "b/c.safetensors"?"#,
                #"4 (Choose): "text" takes a STRING: null is not a text"#,
                #"4 (Choose): "image" links to output 2 of 8 (Constant), which has only 0 number"#,
                #"7 (Constant): "value" takes an INT: "fast" is not a whole number"#,
                #"8 (Constant): "value" is not a link: the node id of a link is a text: write "1""#,
                #"20 (Show): "number" links to output "count" of 3 (OpenBox), which has only 0 INT, 1 box"#,
                #"22 (Show): "number" links to the node "77", which the graph does not have; did you mean "7"?"#,
                #"23 (Show): "number" is missing: it takes an INT; is "nunber" meant for it?"#,
                #"25 (ShowAny): "source" takes any value: {"a": 1} is an object, neither a text nor a number nor true or false"#,
                #"warning: 4 (Choose): there is no input "sedd", it is ignored; did you mean "seed"?"#,
                #"warning: 24 (Show): there is no input "box", it is ignored"#,
            ])
        let missing = try #require(error.issues.first { $0.kind == .requiredInputMissing })
        #expect(missing.nodeID == "2")
        #expect(missing.node?.title == "Sum")
        #expect(missing.input == "b")
        #expect(missing.expected == "INT")
    }

    @Test func anOutputThatWouldFitIsNamed() throws {
        let error = try error(
            """
            {"1": {"class_type": "MakeBox", "inputs": {}},
             "2": {"class_type": "OpenBox", "inputs": {"box": ["1", "box"]}},
             "3": {"class_type": "OpenBox", "inputs": {"box": ["2", 0]}},
             "4": {"class_type": "Show", "inputs": {"number": ["3", 0]}}}
            """)
        #expect(
            error.description
                == #"3 (OpenBox): "box" takes a BOX, but output "INT" of 2 (OpenBox) gives an INT; its output "box" "#
                + "would fit")
        #expect(error.issues.first?.suggestion == "box")
    }

    @Test func theNodesOwnWords() throws {
        let error = try error(
            """
            {"4": {"class_type": "Choose", "inputs": {"file": "a.safetensors", "text": "", "image": "x.gif"}},
             "5": {"class_type": "ShowAny", "inputs": {"source": ["4", 0]}}}
            """)
        #expect(error.description == #"4 (Choose): "image": no such picture"#)
        #expect(error.issues.first?.kind == .customValidationFailed)
    }

    @Test func circlesAreNamed() throws {
        let error = try error(
            """
            {"1": {"class_type": "Add", "inputs": {"a": ["2", 0], "b": ["1", 0]}},
             "2": {"class_type": "Add", "inputs": {"a": ["3", 0], "b": 1}},
             "3": {"class_type": "Add", "inputs": {"a": ["1", 0], "b": 1}},
             "4": {"class_type": "Show", "inputs": {"number": ["2", 0]}}}
            """)
        #expect(
            error.issues.map(\.description) == [
                "1 (Add): the nodes depend on each other in a circle, each on the next: "
                    + "1 (Add) -> 2 (Add) -> 3 (Add) -> 1 (Add)",
                "1 (Add): the nodes depend on each other in a circle, each on the next: 1 (Add) -> 1 (Add)",
            ])
        #expect(error.issues.first?.kind == .dependencyCycle)
    }

    @Test(
        "without an output",
        arguments: [
            "{}", #"{"1": {"class_type": "Constant", "inputs": {}}}"#,
            #"{"1": {"class_type": "Add", "inputs": {"a": ["1", 0]}}}"#,
        ])
    func withoutAnOutput(text: String) throws {
        #expect(
            try error(text).description
                == "the graph has no output node: add one that saves or shows a result, such as Show, ShowAny"
        )
    }

    @Test func targetsThatDoNotExist() throws {
        let error = try error(
            #"{"start": {"class_type": "Constant", "inputs": {}}}"#, targets: ["stort", "start"])
        #expect(error.description == #"the graph has no node "stort"; did you mean "start"?"#)
    }

    @Test func nodesThatNothingNeedsAreCheckedForTheirClassOnly() throws {
        let text = """
            {"1": {"class_type": "Constant", "inputs": {}}, "2": {"class_type": "Add", "inputs": {"a": {}}},
             "3": {"class_type": "Show", "inputs": {"number": ["1", 0]}}}
            """
        let graph = try Graph(GraphFile(text), catalog: Toys.catalog(), environment: Toys.environment())
        #expect(graph.nodes.map(\.isNeeded) == [true, false, true])
        #expect(graph.targetIDs == ["3"])
    }

    @Test(
        "extreme numbers",
        arguments: [
            ("NaN", #""steps" takes an INT: NaN is not a whole number"#),
            ("1e308", #""steps" is 1e+308, above its maximum 100"#),
            ("-1e308", #""steps" is -1e+308, below its minimum 1"#),
            ("2147483648", #""steps" is 2147483648, above its maximum 100"#),
            ("-2147483649", #""steps" is -2147483649, below its minimum 1"#),
            ("18446744073709551616", #""steps" is 1.8446744073709552e+19, above its maximum 100"#),
            (#""20.5""#, #""steps" takes an INT: "20.5" is not a whole number"#),
            ("{\"a\": 1}", #""steps" takes an INT: an object is not a whole number"#),
            (
                "[1, 2, 3]",
                #""steps" is not a link: a list here is a link, ["node id", output]; a list as value is "#
                    + #"{"__value__": [...]}"#
            ),
            (
                #"["1", -1.5]"#,
                #""steps" is not a link: the output of a link is its position from 0, or its name"#
            ),
        ])
    func extremeNumbers(literal: String, sentence: String) throws {
        let error = try error(
            """
            {"4": {"class_type": "Choose",
                   "inputs": {"steps": \(literal), "file": "a.safetensors", "text": "", "image": "x.png"}},
             "5": {"class_type": "ShowAny", "inputs": {"source": ["4", 0]}}}
            """)
        #expect(error.description == "4 (Choose): " + sentence)
    }

    @Test func coercionsReachTheNode() async throws {
        let text = """
            {"4": {"class_type": "Choose", "inputs": {"steps": "20", "scale": 3, "seed": 18446744073709551615,
                   "file": "b/c.safetensors", "text": 1.0, "is_on": "false", "image": "x.png"}}}
            """
        let result = try await Engine(Toys.environment()).run(Toys.schedule(text, targets: ["4"]))
        #expect(
            result.value("4", as: String.self)
                == "20 3.0 18446744073709551615 euler b/c.safetensors 1.0 true x.png")
    }

    @Test func longListsAreCut() throws {
        let names = (0..<30).map { "sampler-\($0)" }
        let text = """
            {"4": {"class_type": "Choose", "inputs": {"file": "zzz", "text": "", "image": "x.png"}},
             "5": {"class_type": "ShowAny", "inputs": {"source": ["4", 0]}}}
            """
        var environment = Toys.environment()
        environment.resources[FileNames.self] = FileNames(names: names)
        let catalog = try Toys.catalog()
        let error = #expect(throws: GraphError.self) {
            try Graph(GraphFile(text), catalog: catalog, environment: environment)
        }
        #expect(
            error?.description
                == #"4 (Choose): "file" is "zzz", which is none of its 30 options (sampler-0, sampler-1, sampler-2, "#
                + "sampler-3, …)")
        #expect(error?.issues.first?.json["details"] == "file: 'zzz' not in (list of length 30)")
    }

    /// The shape of ComfyUI's 400 answer.
    @Test func answersAsComfyUIDoes() throws {
        let error = try error(
            """
            {"3": {"class_type": "Choose", "inputs": {"steps": 0, "text": "", "file": "a.safetensors", "image": "x.png",
                   "sampler_name": "eulr"}},
             "9": {"class_type": "ShowAny", "inputs": {"source": ["3", 0]}}}
            """)
        #expect(error.json["error"]?["type"] == "prompt_outputs_failed_validation")
        #expect(
            error.json["error"]?["details"]?.string
                == "Value 0 smaller than min of 1: steps\nValue not in list: sampler_name: 'eulr' not in ['euler', "
                + "'euler_ancestral', 'heun']")
        let node = try #require(error.json["node_errors"]?["3"])
        #expect(node["class_type"] == "Choose")
        #expect(node["dependent_outputs"] == ["9"])
        let first = try #require(node["errors"]?[0])
        #expect(first["type"] == "value_smaller_than_min")
        #expect(first["extra_info"]?["input_name"] == "steps")
        #expect(first["extra_info"]?["received_value"] == 0)
        #expect(
            first["extra_info"]?["input_config"]
                == ["INT", ["default": 20, "min": 1, "max": 100, "tooltip": "Steps."]])

        let unknown = try self.error(#"{"3": {"class_type": "Chose", "inputs": {}}}"#)
        #expect(unknown.json["error"]?["type"] == "missing_node_type")
        #expect(unknown.json["error"]?["details"] == "Node ID '#3'")
    }

    @Test func theEmbeddedGraphHasLinksByPosition() throws {
        let text = """
            {"1": {"class_type": "Constant", "inputs": {}},
             "3": {"class_type": "Show", "inputs": {"number": ["1", "number"]}}}
            """
        let graph = try Graph(GraphFile(text), catalog: Toys.catalog(), environment: Toys.environment())
        #expect(graph.json["3"]?["inputs"] == ["number": ["1", 0]])
        #expect(graph.file.json["3"]?["inputs"] == ["number": ["1", "number"]])
    }
}
