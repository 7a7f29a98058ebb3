extension String: LiteralValue {
    /// `STRING`.
    public static let portType = PortType.string

    /// Reads as Python's `str()` does: texts as they are, `20` as "20", `1.0` as "1.0", `true` as "True".
    ///
    /// - Parameter literal: what the graph file says.
    /// - Throws: `LiteralMismatch` for null, lists and objects.
    public init(literal: JSON) throws(LiteralMismatch) {
        switch literal {
        case .string(let text): self = text
        case .integer(let value): self = String(value)
        case .unsigned(let value): self = String(value)
        case .double(let value):
            self = value.isFinite ? pythonRepr(value) : value.isNaN ? "nan" : value < 0 ? "-inf" : "inf"
        case .bool(let value): self = value ? "True" : "False"
        case .null, .array, .object: throw .kind("\(literal.kind) is not a text")
        }
    }

    /// The text.
    public var json: JSON { .string(self) }

    /// The bytes of its UTF-8.
    public var byteCount: Int { utf8.count }
}

extension Bool: LiteralValue {
    /// `BOOLEAN`.
    public static let portType = PortType.boolean

    /// Reads as Python's `bool()` does: zero, null and everything empty are false, all else is true, so `"false"` is
    /// true.
    ///
    /// - Parameter literal: what the graph file says.
    public init(literal: JSON) {
        switch literal {
        case .null: self = false
        case .bool(let value): self = value
        case .integer(let value): self = value != 0
        case .unsigned: self = true
        case .double(let value): self = value != 0
        case .string(let text): self = !text.isEmpty
        case .array(let elements): self = !elements.isEmpty
        case .object(let members): self = !members.isEmpty
        }
    }

    /// The value.
    public var json: JSON { .bool(self) }
}
