import DioramaGraph

/// Whether all values are true.
struct ComfyAndNode: Node {
    static let spec = NodeSpec(
        "ComfyAndNode", title: "And", category: "utilities/logic",
        "True when every value is true. 0, an empty text and false count as false, everything else as true.",
        lane: .io)

    @GrowingInput("Values of any type.", prefix: "value", in: 1...10) var values: [AnyValue]

    @Output("Whether all are true.") var result: Bool

    func run(_ context: RunContext) { result = values.allSatisfy(\.isTruthy) }
}

/// Whether any value is true.
struct ComfyOrNode: Node {
    static let spec = NodeSpec(
        "ComfyOrNode", title: "Or", category: "utilities/logic",
        "True when at least one value is true. 0, an empty text and false count as false, everything else as true.",
        lane: .io)

    @GrowingInput("Values of any type.", prefix: "value", in: 1...10) var values: [AnyValue]

    @Output("Whether one is true.") var result: Bool

    func run(_ context: RunContext) { result = values.contains(where: \.isTruthy) }
}

/// Whether a value is false.
struct ComfyNotNode: Node {
    static let spec = NodeSpec(
        "ComfyNotNode", title: "Not", category: "utilities/logic",
        "True when the value is false. 0, an empty text and false count as false, everything else as true.",
        lane: .io)

    @Input("A value of any type.") var value: AnyValue

    @Output("Whether it is false.") var result: Bool

    func run(_ context: RunContext) { result = !value.isTruthy }
}

extension AnyValue {
    /// Whether Python counts the value as true: not for false, 0 and the empty text.
    var isTruthy: Bool {
        switch json {
        case .bool(let value): value
        case .integer(let value): value != 0
        case .unsigned(let value): value != 0
        case .double(let value): value != 0
        case .string(let text): !text.isEmpty
        case .null, .array, .object: true
        }
    }
}
