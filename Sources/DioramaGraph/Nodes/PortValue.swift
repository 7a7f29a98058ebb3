/// A value that can flow along an edge.
///
/// Conforming a type of your own is all it takes to pass it between nodes:
///
/// ```swift
/// extension Palette: PortValue { static let portType: PortType = "PALETTE" }
/// ```
public protocol PortValue: Sendable {
    /// The type's name in graphs and node descriptions.
    static var portType: PortType { get }

    /// About how many bytes of memory the value keeps alive; the engine's cache adds these up. Default 0.
    var byteCount: Int { get }

    /// This type's view of another value whose type fits by name, nil when there is none.
    ///
    /// The default accepts values of exactly this type. Types that stand for a union or for `*` override it.
    ///
    /// - Parameter value: what the other node gave.
    /// - Returns: the value as this type.
    static func converted(from value: any PortValue) -> Self?
}

extension PortValue {
    /// No memory worth counting.
    public var byteCount: Int { 0 }

    /// The value itself when it is of exactly this type.
    ///
    /// - Parameter value: what the other node gave.
    /// - Returns: the value as this type, or nil.
    public static func converted(from value: any PortValue) -> Self? { value as? Self }
}

/// A value that can also be written into the graph file instead of a link.
public protocol LiteralValue: PortValue {
    /// Reads the value as ComfyUI would: `"20"` is a valid whole number, `20` a valid text.
    ///
    /// - Parameter literal: what the graph file says.
    /// - Throws: `LiteralMismatch` when nothing sensible can be made of it.
    init(literal: JSON) throws(LiteralMismatch)

    /// The value as a graph file would write it; part of the cache key, so different values differ here.
    var json: JSON { get }
}

/// Why a literal cannot be an input's value.
public enum LiteralMismatch: Error, Hashable, Sendable {
    /// It is of another kind; the text says why, such as "'fast' is not a whole number".
    case kind(String)
    /// It is below what the type can hold.
    case belowMinimum(JSON)
    /// It is above what the type can hold.
    case aboveMaximum(JSON)
}

/// Any value at all: the type of an input or output declared as `*`.
///
/// A literal is taken as what it looks like: a text, a number, true or false.
public struct AnyValue: LiteralValue {
    /// `*`.
    public static let portType = PortType.any

    /// The value, never itself an `AnyValue`.
    public let value: any PortValue

    /// Wraps a value.
    ///
    /// - Parameter value: what to pass on.
    public init(_ value: any PortValue) { self.value = (value as? AnyValue)?.value ?? value }

    /// Takes a literal as the value that it looks like.
    ///
    /// - Parameter literal: a text, a number, true or false.
    /// - Throws: `LiteralMismatch` for null, lists and objects, which are no values.
    public init(literal: JSON) throws(LiteralMismatch) {
        switch literal {
        case .string(let text): value = text
        case .bool(let truth): value = truth
        case .integer(let number): value = number
        case .unsigned(let number): value = number
        case .double(let number): value = number
        case .null, .array, .object:
            throw .kind("\(literal.brief) is \(literal.kind), neither a text nor a number nor true or false")
        }
    }

    /// The value as a graph file would write it; null for one that only a link can give.
    public var json: JSON { (value as? any LiteralValue)?.json ?? .null }

    /// The wrapped value's size.
    public var byteCount: Int { value.byteCount }

    /// Wraps whatever comes.
    ///
    /// - Parameter value: what the other node gave.
    /// - Returns: the value, wrapped.
    public static func converted(from value: any PortValue) -> AnyValue? { AnyValue(value) }
}

/// A value as the type of the input it is linked to.
///
/// - Parameters:
///   - value: what the other node gave, perhaps wrapped in `AnyValue`.
///   - type: the input's type.
/// - Returns: the value, nil when it does not fit.
func converted<Value: PortValue>(_ value: any PortValue, to type: Value.Type) -> Value? {
    type.converted(from: value) ?? (value as? AnyValue).flatMap { type.converted(from: $0.value) }
}
