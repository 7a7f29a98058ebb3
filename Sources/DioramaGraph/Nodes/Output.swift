/// An output of a node; `run` sets it.
@propertyWrapper
public struct Output<Value: PortValue> {
    let slot: Slot<Value>
    let schema: OutputSchema

    /// The value to hand on.
    public var wrappedValue: Value {
        get { slot.value }
        nonmutating set { slot.set(newValue) }
    }

    /// Declares an output.
    ///
    /// - Parameters:
    ///   - help: what it is, with shapes, units and range.
    ///   - name: the name in graphs; the type's name, such as `IMAGE`, when nil.
    public init(_ help: String, name: String? = nil) {
        let name = name ?? Value.portType.name
        slot = Slot(name: name, initial: nil)
        schema = OutputSchema(name: name, help: help, type: Value.portType)
    }
}

/// What the engine sees of an `Output`.
protocol OutputPort {
    var schema: OutputSchema { get }

    /// The value that `run` set, nil if it did not.
    var result: (any PortValue)? { get }
}

extension Output: OutputPort {
    var result: (any PortValue)? { slot.current }
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
