import DioramaGraph

/// Makes a number of a value.
struct ComfyNumberConvert: Node {
    static let spec = NodeSpec(
        "ComfyNumberConvert", title: "Convert Number", category: "utilities",
        "Makes a number of a whole number, a number, a text or true and false.", lane: .io,
        searchAliases: ["int to float", "float to int", "cast", "parse number", "string to number"])

    @Input("What to convert.", attributes: ["display_name": "value"]) var value: NumberSource

    @Output("As a number.") var number: Double
    @Output("As a whole number; fractions are cut off.") var whole: Int

    func run(_ context: RunContext) async throws {
        let json: JSON
        if case .string(let text) = value.json {
            // A text is a whole number if it can be, so that large ones keep every digit.
            let bare = JSON.string(PythonText(text).stripped().string)
            if let exact = try? Int(literal: bare) {
                json = .integer(exact)
            } else if let number = try? Double(literal: bare) {
                json = .double(number)
            } else {
                throw context.fail($value, "is \(JSON.string(text).text()), which is not a number")
            }
        } else {
            json = value.json
        }
        do {
            (number, whole) = (try Double(literal: json), try Int(literal: json))
        } catch {
            throw context.fail(
                $value,
                "is \(try String(literal: json)), which is no whole number from \(Int.min) to \(Int.max)")
        }
    }
}

/// A value of the types that a number can be made of.
struct NumberSource: LiteralValue {
    /// ComfyUI's spelling of these types.
    static let portType: PortType = "INT,FLOAT,STRING,BOOLEAN"

    /// The value: a number, a text, or true or false.
    let json: JSON

    init(literal: JSON) throws(LiteralMismatch) {
        switch literal {
        case .null, .array, .object: throw .kind("\(literal.kind) is no number, text, true or false")
        case .bool, .integer, .unsigned, .double, .string: json = literal
        }
    }

    static func converted(from value: any PortValue) -> NumberSource? {
        (value as? any LiteralValue).flatMap { try? NumberSource(literal: $0.json) }
    }
}
