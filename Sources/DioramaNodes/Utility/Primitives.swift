import DioramaGraph

/// A whole number.
struct PrimitiveInt: Node {
    static let spec = NodeSpec(
        "PrimitiveInt", title: "Int", category: "utilities/primitive",
        "A whole number, to be given to several inputs at once.", lane: .io,
        searchAliases: ["integer", "number"])

    @Input(
        "The number.", in: -Int.max...Int.max, attributes: ["control_after_generate": "fixed"])
    var value = 0

    @Output("The number.") var number: Int

    func run(_ context: RunContext) async throws { number = value }
}

/// A number.
struct PrimitiveFloat: Node {
    static let spec = NodeSpec(
        "PrimitiveFloat", title: "Float", category: "utilities/primitive",
        "A number, to be given to several inputs at once.", lane: .io, searchAliases: ["decimal", "number"])

    @Input("The number.", in: -Double(Int.max)...Double(Int.max), step: 0.1) var value = 0.0

    @Output("The number.") var number: Double

    func run(_ context: RunContext) async throws { number = value }
}

/// A text of one line.
struct PrimitiveString: Node {
    static let spec = NodeSpec(
        "PrimitiveString", title: "Text", category: "utilities/primitive",
        "A text of one line, to be given to several inputs at once.", lane: .io, searchAliases: ["string"])

    @Input("The text.") var value: String

    @Output("The text.") var text: String

    func run(_ context: RunContext) async throws { text = value }
}

/// A text of several lines.
struct PrimitiveStringMultiline: Node {
    static let spec = NodeSpec(
        "PrimitiveStringMultiline", title: "Text (Multiline)", category: "utilities/primitive",
        "A text of several lines, such as a prompt, to be given to several inputs at once.", lane: .io,
        searchAliases: ["string", "prompt"])

    @Input("The text.", multiline: true) var value: String

    @Output("The text.") var text: String

    func run(_ context: RunContext) async throws { text = value }
}

/// Yes or no.
struct PrimitiveBoolean: Node {
    static let spec = NodeSpec(
        "PrimitiveBoolean", title: "Boolean", category: "utilities/primitive",
        "True or false, to be given to several inputs at once.", lane: .io,
        searchAliases: ["switch", "toggle"])

    @Input("Whether.") var value: Bool

    @Output("Whether.") var isTrue: Bool

    func run(_ context: RunContext) async throws { isTrue = value }
}
