import DioramaGraph
import Testing

/// What each feature of a workflow becomes in API form.
@Suite struct WorkflowConversionTests {
    /// The inputs of every node by id.
    private func converted(
        _ nodes: [JSON], links: [JSON] = [], subgraphs: [JSON] = []
    ) throws -> [String: JSON.Object] {
        let workflow = Drawn.workflow(nodes, links: links, subgraphs: subgraphs)
        let file = try GraphFile(workflow, catalog: Toys.catalog())
        return Dictionary(uniqueKeysWithValues: file.nodes.map { ($0.id, $0.inputs) })
    }

    // MARK: Widgets

    @Test func widgetsByPosition() throws {
        let all = try converted([
            Drawn.node(
                1, "Choose",
                widgets: [8, 5.5, .unsigned(.max), "randomize", "heun", "a.safetensors", "fox", true])
        ])
        #expect(
            all["1"] == [
                "steps": 8, "scale": 5.5, "seed": .unsigned(.max), "sampler_name": "heun",
                "file": "a.safetensors", "text": "fox", "is_on": true,
            ])
    }

    @Test func aNodeOlderThanItsClassGetsDefaults() throws {
        let all = try converted([Drawn.node(1, "Choose", widgets: [8])])
        #expect(
            all["1"] == [
                "steps": 8, "scale": 7.5, "seed": 0, "sampler_name": "euler", "text": "", "is_on": false,
            ])
    }

    @Test func widgetsByName() throws {
        let named: JSON = ["seed": 3, "control_after_generate": "fixed", "text": "fox", "new": [1, 2]]
        let expected: JSON.Object = [
            "seed": 3, "text": "fox", "new": ["__value__": [1, 2]], "steps": 20, "scale": 7.5,
            "sampler_name": "euler", "is_on": false,
        ]
        let all = try converted([
            Drawn.node(1, "Choose", widgets: [9, 9], more: ["widgets_values_named": named]),
            Drawn.node(2, "Choose", widgets: named),
        ])
        #expect(all["1"] == expected)
        #expect(all["2"] == expected)
    }

    @Test func aChoiceBringsWidgetsOfItsOwn() throws {
        let declarations = NodeDeclarations(objectInfo: [
            "Resize": [
                "input": [
                    "required": [
                        "image": ["IMAGE"],
                        "how": [
                            "COMFY_DYNAMICCOMBO_V3",
                            [
                                "options": [
                                    [
                                        "key": "scale",
                                        "inputs": ["required": ["by": ["FLOAT", ["default": 2]]]],
                                    ],
                                    [
                                        "key": "size",
                                        "inputs": [
                                            "required": ["width": ["INT"], "match": ["IMAGE"]],
                                            "optional": ["height": ["INT", ["min": 16]]],
                                        ],
                                    ],
                                ]
                            ],
                        ],
                        "method": [["area", "lanczos"]],
                    ]
                ]
            ]
        ])
        func inputs(_ widgets: JSON) -> JSON? {
            let workflow = Drawn.workflow([Drawn.node(1, "Resize", widgets: widgets)], links: [])
            return WorkflowConversion(workflow, declarations: declarations).graph["1"]?["inputs"]
        }
        #expect(inputs(["scale", 3.5, "lanczos"]) == ["how": "scale", "how.by": 3.5, "method": "lanczos"])
        #expect(
            inputs(["size", 640, 480, "area"])
                == ["how": "size", "how.width": 640, "how.height": 480, "method": "area"])
        #expect(inputs(["size"]) == ["how": "size", "how.width": 0, "how.height": 16, "method": "area"])
        #expect(inputs([]) == ["how": "scale", "how.by": 2, "method": "area"])
    }

    // MARK: Nodes that do not run

    @Test func linesAreFollowedThroughReroutesPrimitivesAndNames() throws {
        let all = try converted(
            [
                Drawn.node(1, "Constant", widgets: [7]),
                Drawn.node(2, "Reroute", [Drawn.slot("", 1, type: "*")]),
                Drawn.node(3, "Reroute", [Drawn.slot("", 2, type: "*")]),
                Drawn.node(4, "PrimitiveNode", widgets: [42, "fixed"]),
                Drawn.node(5, "Constant", [Drawn.slot("value", 4, isWidget: true)], widgets: [1]),
                Drawn.node(6, "SetNode", [Drawn.slot("INT", 5)], widgets: ["sum"]),
                Drawn.node(7, "GetNode", widgets: ["sum"]),
                Drawn.node(8, "Add", [Drawn.slot("a", 3), Drawn.slot("b", 6)]),
                Drawn.node(9, "Note", gives: [], widgets: ["Read me."]),
                Drawn.node(10, "MarkdownNote", gives: [], widgets: ["# Read me."]),
            ],
            links: [
                [1, 1, 0, 2, 0, "*"], [2, 2, 0, 3, 0, "*"], [3, 3, 0, 8, 0, "INT"], [4, 4, 0, 5, 0, "INT"],
                [5, 5, 0, 6, 0, "INT"], [6, 7, 0, 8, 1, "INT"],
            ])
        #expect(
            all == ["1": ["value": 7], "5": ["value": 42], "8": ["a": ["1", 0], "b": ["5", 0]]])
    }

    @Test func mutedNodesGiveNothingAndBypassedOnesWhatTheyAreGiven() throws {
        let all = try converted(
            [
                Drawn.node(1, "MakeBox", gives: ["BOX"]),
                Drawn.node(2, "Constant", widgets: [5], mode: 2),
                // Its first output is an INT, but what is wanted of its second is a BOX.
                Drawn.node(
                    3, "OpenBox", [Drawn.slot("box", 1, type: "BOX")], gives: ["INT", "BOX"], mode: 4),
                Drawn.node(4, "OpenBox", [Drawn.slot("box", 2, type: "BOX")]),
                Drawn.node(5, "Constant", [Drawn.slot("value", 3, isWidget: true)], widgets: [9]),
                Drawn.node(6, "Add", [Drawn.slot("a", 4), Drawn.slot("b", 5)]),
            ],
            links: [
                [1, 1, 0, 3, 0, "BOX"], [2, 3, 1, 4, 0, "BOX"], [3, 2, 0, 5, 0, "INT"],
                [4, 3, 0, 6, 0, "INT"], [5, 2, 0, 6, 1, "INT"],
            ])
        #expect(all.keys.sorted() == ["1", "4", "5", "6"])
        #expect(all["4"] == ["box": ["1", 0]])
        #expect(all["5"] == ["value": 9])
        #expect(all["6"] == ["a": 0, "b": 0])
    }

    @Test(arguments: [("BOX", "1"), ("INT", "2"), ("FLOAT", "2"), ("*", "1"), ("IMAGE", nil)])
    func aBypassedNodeHandsOnTheFirstInputThatFits(wanted: String, source: String?) throws {
        let link: JSON = [3, 3, 0, 4, 0, .string(wanted)]
        let inputs = [Drawn.slot("a", 1, type: "BOX"), Drawn.slot("b", 2, type: "INT,FLOAT")]
        let all = try converted(
            [
                Drawn.node(1, "MakeBox"), Drawn.node(2, "Constant"),
                Drawn.node(3, "Anything", inputs, gives: ["*"], mode: 4),
                Drawn.node(4, "ShowAny", [Drawn.slot("source", 3, type: "*")]),
            ], links: [[1, 1, 0, 3, 0, "BOX"], [2, 2, 0, 3, 1, "INT"], link])
        #expect(all["4"] == source.map { ["source": [.string($0), 0]] } ?? [:])
    }

    // MARK: Subgraphs

    /// Adds what it is given to a constant of its own, which is promoted.
    private static let inner = Drawn.subgraph(
        "inner", "Plus",
        [
            Drawn.node(1, "Constant", [Drawn.slot("value", 11, isWidget: true)], widgets: [3]),
            Drawn.node(2, "Add", [Drawn.slot("a", 12), Drawn.slot("b", 13)]),
        ],
        links: [
            [11, -10, 1, 1, 0, "INT"], [12, -10, 0, 2, 0, "INT"], [13, 1, 0, 2, 1, "INT"],
            [14, 2, 0, -20, 0, "INT"],
        ], inputs: ["number": [12], "value": [11]], outputs: ["sum": [14]])

    private func plus(_ id: JSON, _ link: Int?, widgets: JSON = [], more: JSON.Object = [:]) -> JSON {
        Drawn.node(id, "inner", [Drawn.slot("number", link)], widgets: widgets, more: more)
    }

    @Test func subgraphsArePutInPlace() throws {
        // The outer one hands its input to one inner one, whose value is promoted twice over, and on to a second.
        let outer = Drawn.subgraph(
            "outer", "Twice",
            [
                Drawn.node(
                    5, "inner", [Drawn.slot("number", 21), Drawn.slot("value", 24, isWidget: true)],
                    widgets: [50]),
                plus(6, 22, widgets: [60]),
            ],
            links: [
                [21, -10, 0, 5, 0, "INT"], [22, 5, 0, 6, 0, "INT"], [23, 6, 0, -20, 0, "INT"],
                [24, -10, 1, 5, 1, "INT"], [25, -10, 0, -20, 1, "INT"],
            ], inputs: ["first": [21], "size": [24]], outputs: ["result": [23], "same": [25]])
        let all = try converted(
            [
                Drawn.node(1, "Constant", widgets: [1]),
                Drawn.node("two", "outer", [Drawn.slot("first", 1)], gives: ["INT", "INT"], widgets: [70]),
                Drawn.node(3, "Add", [Drawn.slot("a", 2), Drawn.slot("b", 3)]),
            ],
            links: [[1, 1, 0, "two", 0, "INT"], [2, "two", 0, 3, 0, "INT"], [3, "two", 1, 3, 1, "INT"]],
            subgraphs: [Self.inner, outer])
        #expect(
            all == [
                "1": ["value": 1],
                "two:5:1": ["value": 70], "two:5:2": ["a": ["1", 0], "b": ["two:5:1", 0]],
                "two:6:1": ["value": 60], "two:6:2": ["a": ["two:5:2", 0], "b": ["two:6:1", 0]],
                "3": ["a": ["two:6:2", 0], "b": ["1", 0]],
            ])
    }

    @Test(
        arguments: [
            // No widgets on the outside: the inner value holds.
            ([], [:], 3),
            // The values of the outside in the order of the definition's promoted inputs.
            ([8], [:], 8), ([nil], [:], 3), ([8], ["widgets_values_named": ["value": 9]], 9),
            // Some versions of the editor list what the widgets stand for: inner ones hold their own value ...
            ([], ["properties": ["proxyWidgets": [["1", "value"]]]], 3),
            ([8], ["properties": ["proxyWidgets": [["1", "value"]]]], 3),
            // ... and -1 is an input of the subgraph.
            (["x", 8], ["properties": ["proxyWidgets": [["1", "other"], ["-1", "value"]]]], 8),
        ] as [(JSON, JSON.Object, JSON)])
    func promotedWidgets(widgets: JSON, more: JSON.Object, value: JSON) throws {
        let all = try converted(
            [Drawn.node(4, "Constant"), plus(7, 1, widgets: widgets, more: more)],
            links: [[1, 4, 0, 7, 0, "INT"]], subgraphs: [Self.inner])
        #expect(all["7:1"] == ["value": value])
    }

    @Test func subgraphsThatDoNotRun() throws {
        let all = try converted(
            [
                Drawn.node(4, "Constant"), plus(7, 1, more: ["mode": 4]), plus(8, 1, more: ["mode": 2]),
                Drawn.node(9, "Add", [Drawn.slot("a", 2), Drawn.slot("b", 3)]),
            ],
            links: [
                [1, 4, 0, 7, 0, "INT"], [2, 7, 0, 9, 0, "INT"], [3, 8, 0, 9, 1, "INT"],
            ], subgraphs: [Self.inner])
        #expect(all == ["4": ["value": 1], "9": ["a": ["4", 0], "b": 0]])
    }

    // MARK: The file

    @Test func titlesAreThoseOfTheNodeOrItsClass() throws {
        let workflow = Drawn.workflow(
            [Drawn.node(1, "MakeBox", more: ["title": "Mine"]), Drawn.node(2, "MakeBox")], links: [])
        let file = try GraphFile(workflow.text(), catalog: Toys.catalog())
        #expect(file.nodes.map(\.title) == ["Mine", "Make a Box"])
        #expect(try GraphFile(file.json) == file)
    }

    @Test func aWorkflowCanRun() throws {
        let workflow = Drawn.workflow(
            [
                Drawn.node(1, "Constant", widgets: [7]),
                Drawn.node(2, "Show", [Drawn.slot("number", 1)], gives: ["INT"]),
            ], links: [[1, 1, 0, 2, 0, "INT"]])
        let file = try GraphFile(workflow, catalog: Toys.catalog())
        let graph = try Graph(file, catalog: Toys.catalog(), environment: Toys.environment())
        #expect(graph.targetIDs == ["2"])
    }
}
