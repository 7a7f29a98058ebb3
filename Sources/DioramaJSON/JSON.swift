/// A JSON value that keeps the order of keys and whole numbers exactly.
///
/// Whole numbers from `Int.min` to `UInt64.max` survive reading and writing unchanged, so 64-bit seeds do.
/// `NaN`, `Infinity` and `-Infinity` are numbers here, as in Python's `json`, which writes ComfyUI's files.
public enum JSON: Hashable, Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A whole number written without fraction or exponent.
    case integer(Int)
    /// A whole number above `Int.max`; smaller ones are `integer`.
    case unsigned(UInt64)
    /// Every other number, and whole numbers of more than 64 bits, rounded.
    case double(Double)
    /// A text.
    case string(String)
    /// A list.
    case array([JSON])
    /// Named values in the order of the file.
    case object(Object)
}

extension JSON {
    /// A whole number in its canonical case.
    ///
    /// - Parameter value: any unsigned 64-bit value, such as a seed.
    public init(_ value: UInt64) {
        self = Int(exactly: value).map(JSON.integer) ?? .unsigned(value)
    }

    /// The text of a `string`, else nil.
    public var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The elements of an `array`, else nil.
    public var array: [JSON]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The members of an `object`, else nil.
    public var object: Object? {
        if case .object(let members) = self { members } else { nil }
    }

    /// The value of a `bool`, else nil.
    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The value of an `integer`, else nil: no conversion from text or fractions.
    public var integer: Int? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// The value of any number as a `Double`, else nil.
    public var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .unsigned(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    /// The member of an object; nil for a missing key and for every value that is not an object.
    ///
    /// - Parameter key: the member's name.
    public subscript(key: String) -> JSON? { object?[key] }

    /// The element of an array; nil past its ends and for every value that is not an array.
    ///
    /// - Parameter index: the position, from 0.
    public subscript(index: Int) -> JSON? {
        guard let elements = array, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// What kind of value this is, as a noun phrase for messages: "a text", "a list".
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .integer, .unsigned: "a whole number"
        case .double: "a number"
        case .string: "a text"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    /// `null`.
    public init(nilLiteral: ()) { self = .null }

    /// A `bool`.
    public init(booleanLiteral value: Bool) { self = .bool(value) }

    /// An `integer`.
    public init(integerLiteral value: Int) { self = .integer(value) }

    /// A `double`.
    public init(floatLiteral value: Double) { self = .double(value) }

    /// A `string`.
    public init(stringLiteral value: String) { self = .string(value) }

    /// An `array`.
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }

    /// An `object` with its members in the order written; of equal keys the last wins.
    public init(dictionaryLiteral elements: (String, JSON)...) { self = .object(Object(elements)) }
}
