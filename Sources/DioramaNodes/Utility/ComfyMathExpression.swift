import DioramaGraph

/// Computes an expression.
struct ComfyMathExpression: Node {
    static let spec = NodeSpec(
        "ComfyMathExpression", title: "Math Expression", category: "utilities",
        "Computes an expression of numbers called a to z, in Python's notation: + - * / // % **, comparisons, and, or, not, "
            + "x if condition else y, and functions such as min, max, round, floor, ceil and sqrt.",
        lane: .io,
        searchAliases: ["calculate", "formula", "arithmetic"])

    @Input("The expression.", multiline: true) var expression = "a + b"
    @GrowingInput(
        "The numbers, by name.",
        names: (UInt8(ascii: "a")...UInt8(ascii: "z")).map { String(UnicodeScalar($0)) },
        minimum: 1)
    var values: [MathInput]

    @Output("The result as a number.") var number: Double
    @Output("The result as a whole number; fractions are cut off.") var whole: Int
    @Output("Whether the result is true: not 0.", name: "BOOL") var isTrue: Bool

    func validate(_ environment: RunEnvironment) -> [InputProblem] {
        guard let text = $expression.literal else { return [] }
        do {
            _ = try MathExpression(text)
            return []
        } catch {
            return [$expression.problem("\(error)")]
        }
    }

    func run(_ context: RunContext) throws {
        let given = $values.members.compactMap { name, values in
            values.first.map { (name: name, value: $0.value) }
        }
        let result: MathValue
        do {
            result = try MathExpression(expression).evaluate(given)
        } catch {
            throw context.fail($expression, "cannot be computed: \(error)")
        }
        guard let cut = result.whole else {
            throw context.fail(
                $expression, "gives \(result.number), which is beyond the whole numbers of 64 bits")
        }
        (number, whole, isTrue) = (result.number, cut, result.isTrue)
    }
}

/// A number that an expression may use.
struct MathInput: LiteralValue {
    /// ComfyUI's spelling of these types.
    static let portType: PortType = "FLOAT,INT,BOOLEAN"

    /// The number, or true or false.
    let value: MathValue

    init(literal: JSON) throws(LiteralMismatch) {
        switch literal {
        case .bool(let truth): value = .bool(truth)
        case .integer(let number): value = .int(number)
        case .double(let number): value = .float(number)
        case .unsigned, .string, .null, .array, .object:
            throw .kind("\(literal.brief) is neither a number nor true or false")
        }
    }

    var json: JSON {
        switch value {
        case .int(let number): .integer(number)
        case .float(let number): .double(number)
        case .bool(let truth): .bool(truth)
        case .list: .null
        }
    }

    static func converted(from value: any PortValue) -> MathInput? {
        (value as? any LiteralValue).flatMap { try? MathInput(literal: $0.json) }
    }
}
