/// A whole number type that inputs can have: `Int`, or `UInt64` for seeds.
public protocol WholeNumberValue: LiteralValue, FixedWidthInteger {}

extension WholeNumberValue {
    /// `INT`.
    public static var portType: PortType { .int }

    /// Reads as Python's `int()` does: whole numbers, fractions cut off towards zero, true and false as 1 and 0, and
    /// texts of digits (`" 20 "`, `"1_000"`, but not `"20.5"`).
    ///
    /// - Parameter literal: what the graph file says.
    /// - Throws: `LiteralMismatch` for other kinds, NaN, infinity, and numbers that the type cannot hold.
    public init(literal: JSON) throws(LiteralMismatch) {
        switch literal {
        case .integer(let value): self = try Self.within(value)
        case .unsigned(let value): self = try Self.within(value)
        case .bool(let value): self = value ? 1 : 0
        case .double(let value): self = try Self.truncating(value)
        case .string(let text): self = try Self.parsing(text)
        case .null, .array, .object: throw .kind("\(literal.kind) is not a whole number")
        }
    }

    /// The number.
    public var json: JSON {
        Int(exactly: self).map(JSON.integer) ?? UInt64(exactly: self).map(JSON.unsigned) ?? .null
    }

    /// Takes `INT` values of every width that hold a number this type has.
    ///
    /// - Parameter value: what the other node gave.
    /// - Returns: the same number, nil when it does not fit.
    public static func converted(from value: any PortValue) -> Self? {
        (value as? any WholeNumberValue).flatMap { Self(exactly: $0) }
    }

    private static func within(_ value: some BinaryInteger) throws(LiteralMismatch) -> Self {
        if let value = Self(exactly: value) { return value }
        throw value < 0 ? .belowMinimum(Self.min.json) : .aboveMaximum(Self.max.json)
    }

    private static func truncating(_ value: Double) throws(LiteralMismatch) -> Self {
        guard value.isFinite else { throw .kind("\(pythonRepr(value)) is not a whole number") }
        if let value = Self(exactly: value.rounded(.towardZero)) { return value }
        throw value < 0 ? .belowMinimum(Self.min.json) : .aboveMaximum(Self.max.json)
    }

    private static func parsing(_ text: String) throws(LiteralMismatch) -> Self {
        let digits = pythonDigits(text)
        guard let digits, let first = digits.first else {
            throw .kind("\(quoted(text)) is not a whole number")
        }
        if let value = Self(digits) { return value }
        let unsigned = first == "-" || first == "+" ? digits.dropFirst() : digits[...]
        guard !unsigned.isEmpty, unsigned.allSatisfy({ $0.isASCII && $0.isNumber }) else {
            throw .kind("\(quoted(text)) is not a whole number")
        }
        throw first == "-" ? .belowMinimum(Self.min.json) : .aboveMaximum(Self.max.json)
    }
}

extension Int: WholeNumberValue {}
extension UInt64: WholeNumberValue {}

extension Double: LiteralValue {
    /// `FLOAT`.
    public static let portType = PortType.float

    /// Reads as Python's `float()` does: every number, true and false as 1 and 0, and texts such as `"7.5"` or `"1e3"`.
    ///
    /// - Parameter literal: what the graph file says.
    /// - Throws: `LiteralMismatch` for other kinds and texts.
    public init(literal: JSON) throws(LiteralMismatch) {
        switch literal {
        case .integer, .unsigned, .double: self = literal.double ?? 0
        case .bool(let value): self = value ? 1 : 0
        case .string(let text):
            guard let value = pythonDigits(text).flatMap({ Double($0) }),
                !text.contains(where: { "xXpP".contains($0) })
            else { throw .kind("\(quoted(text)) is not a number") }
            self = value
        case .null, .array, .object: throw .kind("\(literal.kind) is not a number")
        }
    }

    /// The number.
    public var json: JSON { .double(self) }
}

/// A number's text without the spaces around it and the underscores between digits, which Python allows.
///
/// - Parameter text: what the graph file says.
/// - Returns: the bare text, nil when it is empty, far too long, or an underscore is not between digits.
private func pythonDigits(_ text: String) -> String? {
    guard text.utf8.count <= 400 else { return nil }
    let bare = text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()
    guard !bare.isEmpty else { return nil }
    let parts = bare.split(separator: "_", omittingEmptySubsequences: false)
    let joined = zip(parts, parts.dropFirst()).allSatisfy { left, right in
        left.last?.isNumber == true && right.first?.isNumber == true
    }
    return joined ? String(parts.joined()) : nil
}
