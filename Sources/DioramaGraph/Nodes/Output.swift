/// An output of a node; `run` sets it.
@propertyWrapper
public struct Output<Value: PortValue> {
    let slot: Slot<Value>
    let schema: OutputSchema
    private let standIn = StandIn()

    /// The value to hand on.
    public var wrappedValue: Value {
        get { slot.value }
        nonmutating set { slot.set(newValue) }
    }

    /// The output itself, to block it or to link it to an expansion.
    public var projectedValue: OutputReference { OutputReference(standIn: standIn) }

    /// Declares an output.
    ///
    /// - Parameters:
    ///   - help: what it is, with shapes, units and range.
    ///   - name: the name in graphs; the type's name, such as `IMAGE`, when nil.
    ///   - type: what it gives, where that is narrower than the property's type.
    ///   - match: the template whose inputs and outputs are all of one type.
    public init(
        _ help: String, name: String? = nil, type: PortType = Value.portType, match: String? = nil
    ) {
        let name = name ?? type.name
        slot = Slot(name: name, initial: nil)
        schema = OutputSchema(name: name, help: help, type: type, template: match)
    }
}

/// An output that gives a list: what follows runs once for each of its values.
///
/// ```swift
/// @OutputList("The lines of the text.", name: "lines") var lines: [String]
/// ```
@propertyWrapper
public struct OutputList<Value: PortValue> {
    let slot: Slot<[Value]>
    let schema: OutputSchema
    private let standIn = StandIn()

    /// The values to hand on, in order; after an empty list nothing runs.
    public var wrappedValue: [Value] {
        get { slot.value }
        nonmutating set { slot.set(newValue) }
    }

    /// The output itself, to block it or to link it to an expansion.
    public var projectedValue: OutputReference { OutputReference(standIn: standIn) }

    /// Declares an output that gives a list.
    ///
    /// - Parameters:
    ///   - help: what its values are, with shapes, units and range.
    ///   - name: the name in graphs; the type's name, such as `IMAGE`, when nil.
    ///   - type: what it gives, where that is narrower than the property's type.
    ///   - match: the template whose inputs and outputs are all of one type.
    public init(
        _ help: String, name: String? = nil, type: PortType = Value.portType, match: String? = nil
    ) {
        let name = name ?? type.name
        slot = Slot(name: name, initial: nil)
        schema = OutputSchema(name: name, help: help, type: type, isList: true, template: match)
    }
}

/// An output as a thing to speak about: `$image.block("the picture is empty")`.
public struct OutputReference {
    let standIn: StandIn

    /// Gives no value: what depends on this output does not run, everything else goes on.
    ///
    /// - Parameter message: why, told as the failure of the first nodes that wanted the value; nil says nothing.
    public func block(_ message: String? = nil) { standIn.value = Blocker(message: message) }

    /// Gives what a node of the expansion gives that this node puts in its place.
    ///
    /// - Parameter output: an output of a node that was added to the expansion.
    public func link(to output: Expansion.Output) { standIn.value = ExpansionLink(output) }
}

/// What stands in the place of an output's value.
final class StandIn {
    var value: (any PortValue)?
}

/// The value of an output that gives none.
struct Blocker: PortValue {
    static let portType = PortType.any
    /// What to tell the first nodes that wanted the value, nil when nothing, or when it has been told.
    let message: String?
}

/// What the engine sees of an output.
protocol OutputPort {
    var schema: OutputSchema { get }

    /// The values that `run` set, or what stands in their place; nil if it set nothing.
    var result: [any PortValue]? { get }
}

extension Output: OutputPort {
    var result: [any PortValue]? { (standIn.value ?? slot.current).map { [$0] } }
}

extension OutputList: OutputPort {
    var result: [any PortValue]? { standIn.value.map { [$0] } ?? slot.current }
}

/// A value that the engine itself supplies: `@Hidden(.prompt) var prompt: JSON`.
@propertyWrapper
public struct Hidden<Value: Sendable> {
    let slot: Slot<Value>
    let schema: HiddenSchema

    /// The value.
    public var wrappedValue: Value {
        get { slot.value }
        nonmutating set { slot.set(newValue) }
    }

    /// Declares which value the node wants.
    ///
    /// - Parameter source: `.prompt`, `.extraPNGInfo` or `.uniqueID`.
    public init(_ source: HiddenSource<Value>) {
        schema = HiddenSchema(kind: source.kind)
        slot = Slot(name: schema.name, initial: nil)
    }
}

/// One of the values that the engine can supply, with its Swift type.
public struct HiddenSource<Value: Sendable>: Sendable {
    let kind: HiddenKind
}

extension HiddenSource where Value == JSON {
    /// The whole graph in API form, as it is embedded in images.
    public static var prompt: Self { Self(kind: .prompt) }

    /// What the sender wants embedded beside the graph; null when there is nothing.
    public static var extraPNGInfo: Self { Self(kind: .extraPNGInfo) }
}

extension HiddenSource where Value == String {
    /// The node's own id.
    public static var uniqueID: Self { Self(kind: .uniqueID) }
}

/// What the engine sees of a `Hidden`.
protocol HiddenPort {
    var schema: HiddenSchema { get }

    /// Stores the value if it is of the port's type.
    func fill(_ value: any Sendable)
}

extension Hidden: HiddenPort {
    func fill(_ value: any Sendable) {
        if let value = value as? Value { slot.set(value) }
    }
}
