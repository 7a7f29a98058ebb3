import DioramaGraph
import Testing

/// Puts texts behind each other.
struct Join: Node {
    static let spec = NodeSpec("Join", category: "toy", "Puts numbers behind each other.")
    @GrowingInput("Numbers.", prefix: "part", in: 1...4) var parts: [Int]
    @Output("The names and numbers.") var text: String

    func run(_ context: RunContext) {
        text =
            $parts.members.map { "\($0.name)=\($0.values[0])" }.joined(separator: " ") + " of \(parts.count)"
    }
}

/// Named members, of which none must be given, and whole lists.
struct Gather: Node {
    static let spec = NodeSpec("Gather", category: "toy", "Puts lists behind each other.")
    @GrowingInput("Lists.", names: ["x", "y"], takesLists: true, match: "it") var lists: [AnyValue]
    @OutputList("One list.", name: "list", match: "it") var list: [AnyValue]
    func run(_ context: RunContext) { list = lists }
}

struct Square: InputGroup {
    @Input("Side.", in: 1...100) var side = 3
}

struct Rectangle: InputGroup {
    @Input("Width.", in: 1...100) var width: Int = 1
    @Input("Height.") var height: Int
    @GrowingInput("Holes.", prefix: "hole", in: 0...2) var holes: [Int]
}

/// Has other inputs for each shape.
struct Area: Node {
    static let spec = NodeSpec("Area", category: "toy", "The area of a shape.")
    @InputChoice("The shape.", ["square": Square.self, "rectangle": Rectangle.self, "point": NoInputs.self])
    var shape: any InputGroup
    @Input("What to multiply by.") var factor = 1
    @Output("The area.") var area: Int

    func run(_ context: RunContext) {
        switch shape {
        case let square as Square: area = square.side * square.side * factor
        case let shape as Rectangle:
            area = (shape.width * shape.height - shape.holes.reduce(0, +)) * factor
        default: area = 0
        }
    }
}

@Suite struct DynamicInputTests {
    private static let nodes: [any Node.Type] = [Join.self, Gather.self, Area.self, Numbers.self]

    private func graph(_ text: String) throws -> Graph {
        try Graph(GraphFile(text), catalog: Toys.catalog(Self.nodes), environment: Toys.environment())
    }

    private func run(_ text: String) async throws -> RunResult {
        try await Engine(Toys.environment()).run(Schedule(graph(text)))
    }

    private func issues(_ text: String) -> [String] {
        do {
            return try graph(text).warnings.map(\.description)
        } catch {
            return (error as? GraphError)?.issues.map(\.description) ?? ["\(error)"]
        }
    }

    @Test func aGrowingInputTakesWhatTheGraphGives() async throws {
        let joined = try await Engine(Toys.environment()).run(
            Schedule(
                Graph(
                    GraphFile(
                        """
                        {"1": {"class_type": "Constant", "inputs": {"value": 5}},
                         "join": {"class_type": "Join", "inputs":
                           {"parts.part0": ["1", 0], "parts.part3": 7, "parts.part1": "6"}}}
                        """), catalog: Toys.catalog(Self.nodes), environment: Toys.environment(),
                    targets: ["join"])))
        #expect(joined.value("join", as: String.self) == "part0=5 part1=6 part3=7 of 3")
    }

    @Test func membersHaveLimits() {
        #expect(
            issues(
                """
                {"join": {"class_type": "Join", "inputs": {"parts.part1": 1, "parts.part4": 2}},
                 "show": {"class_type": "ShowAny", "inputs": {"source": ["join", 0]}}}
                """) == [
                    "join (Join): \"parts.part0\" is missing: it takes an INT; is \"parts.part4\" meant for it?"
                ])
        #expect(
            issues(
                """
                {"join": {"class_type": "Join", "inputs": {"parts.part0": "x", "parts.part9": 2}},
                 "show": {"class_type": "ShowAny", "inputs": {"source": ["join", 0]}}}
                """
            ).count == 2)
    }

    @Test func listsOfListsAreOneList() async throws {
        let result = try await run(
            """
            {"a": {"class_type": "Numbers", "inputs": {"count": 2}},
             "b": {"class_type": "Constant", "inputs": {"value": 9}},
             "g": {"class_type": "Gather", "inputs": {"lists.y": ["b", 0], "lists.x": ["a", 0]}},
             "none": {"class_type": "Gather", "inputs": {}},
             "show": {"class_type": "Show", "inputs": {"number": ["g", 0]}},
             "shown": {"class_type": "Show", "inputs": {"number": ["none", 0]}}}
            """)
        #expect(result.list("show", of: Int.self) == [1, 2, 9])
        #expect(result.list("shown", of: Int.self) == [])
    }

    @Test func aChoiceBringsItsInputs() async throws {
        let result = try await run(
            """
            {"five": {"class_type": "Constant", "inputs": {"value": 5}},
             "s": {"class_type": "Area", "inputs": {"shape": "square", "shape.side": 4, "factor": 2}},
             "d": {"class_type": "Area", "inputs": {"shape": "square"}},
             "r": {"class_type": "Area", "inputs": {"shape": "rectangle", "shape.width": 2, "shape.height": ["five", 0],
                   "shape.holes.hole1": 3}},
             "p": {"class_type": "Area", "inputs": {"shape": "point"}},
             "1": {"class_type": "Show", "inputs": {"number": ["s", 0]}},
             "2": {"class_type": "Show", "inputs": {"number": ["d", 0]}},
             "3": {"class_type": "Show", "inputs": {"number": ["r", 0]}},
             "4": {"class_type": "Show", "inputs": {"number": ["p", 0]}}}
            """)
        #expect(["1", "2", "3", "4"].map { result.value($0, as: Int.self) } == [32, 9, 7, 0])
    }

    @Test func whatIsWrongWithAChoiceIsSaid() {
        func problems(_ inputs: String) -> [String] {
            issues(
                """
                {"n": {"class_type": "Numbers", "inputs": {}},
                 "a": {"class_type": "Area", "inputs": {\(inputs)}},
                 "show": {"class_type": "Show", "inputs": {"number": ["a", 0]}}}
                """)
        }
        #expect(problems("") == ["a (Area): \"shape\" is missing: it takes one of its options"])
        #expect(
            problems(#""shape": "squre", "shape.side": 4"#) == [
                "a (Area): \"shape\" is \"squre\", which is none of square, rectangle, point; did you mean \"square\"?"
            ])
        #expect(
            problems(#""shape": "rectangle", "shape.width": 0"#) == [
                "a (Area): \"shape.width\" is 0, below its minimum 1",
                "a (Area): \"shape.height\" is missing: it takes an INT",
            ])
        #expect(
            problems(#""shape": "point", "shape.side": 4"#) == [
                "a (Area): there is no input \"shape.side\", it is ignored"
            ])
        #expect(
            problems(#""shape": ["n", 0]"#) == [
                "a (Area): \"shape\" decides which inputs the node has and cannot be linked: write one of its options"
            ])
    }

    @Test func theyAreToldAsComfyUITellsThem() throws {
        let json = try Toys.catalog(Self.nodes).json(in: Toys.environment())
        let parts = try #require(json["Join"]?["input"]?["required"]?["parts"])
        #expect(parts[0] == "COMFY_AUTOGROW_V3")
        #expect(parts[1]?["template"]?["prefix"] == "part")
        #expect(parts[1]?["template"]?["min"] == 1)
        #expect(parts[1]?["template"]?["max"] == 4)
        #expect(parts[1]?["template"]?["input"]?["required"]?["part"]?[0] == "INT")
        let shape = try #require(json["Area"]?["input"]?["required"]?["shape"])
        #expect(shape[0] == "COMFY_DYNAMICCOMBO_V3")
        #expect(shape[1]?["options"]?[0]?["key"] == "square")
        #expect(shape[1]?["options"]?[0]?["inputs"]?["required"]?["side"]?[1]?["max"] == 100)
        #expect(json["Gather"]?["is_input_list"] == true)
    }
}
