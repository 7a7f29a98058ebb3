/// An input of a node: a socket for links or a widget for literals.
///
/// The type of the property decides what it takes; a default makes it optional to write; a camelCase property is
/// `snake_case` in graphs unless `name` says otherwise. The initialisers are in `Input+Widgets.swift`.
@propertyWrapper
public struct Input<Value: Sendable> {
    let slot: Slot<Value>
    let definition: InputSchema
    private let convert: (any PortValue) -> Value?

    /// The value: a literal, a default, or what the linked node gave.
    public var wrappedValue: Value {
        get { slot.value }
        nonmutating set { slot.set(newValue) }
    }

    /// The input itself rather than its value: its name, and its literal before the graph runs.
    public var projectedValue: InputReference<Value> { InputReference(slot: slot) }

    init(
        definition: InputSchema, initial: Value?, convert: @escaping (any PortValue) -> Value?
    ) {
        self.definition = definition
        self.convert = convert
        slot = Slot(name: definition.name, initial: initial)
    }
}

/// An input as a thing to speak about: `$steps`.
public struct InputReference<Value> {
    let slot: Slot<Value>

    /// The name in graphs.
    public var name: String { slot.name }

    /// The value unless it comes by a link: then nil before the node runs, and while it runs the linked value.
    public var literal: Value? { slot.isPending ? nil : slot.current }

    /// Whether it is linked and the linked node has not given its value: what a lazy input is until it is asked for.
    public var isPending: Bool { slot.isPending }

    /// A problem with this input for `Node.validate`.
    ///
    /// - Parameter message: one sentence: what is wrong and what to do.
    /// - Returns: the problem.
    public func problem(_ message: String) -> InputProblem { InputProblem(name, message) }
}

/// Where a port's value lives: shared by the copies of one node instance, which never leaves one call.
final class Slot<Value> {
    var name: String
    private(set) var current: Value?
    /// Linked, and the linked node has not run yet.
    private(set) var isPending = false

    init(name: String, initial: Value?) {
        self.name = name
        current = initial
    }

    var value: Value {
        guard let current else {
            preconditionFailure(
                "the port '\(name)' was read before it had a value; before a run use $\(name).literal")
        }
        return current
    }

    func set(_ value: Value) {
        current = value
        isPending = false
    }

    func expectLink() { isPending = true }
}

/// What the engine sees of a property that takes inputs: one of a kind, or several whose number the graph decides.
protocol InputPort {
    /// The declaration; its name is empty where the property's name decides.
    var definition: InputSchema { get }
    var slotName: String { get nonmutating set }

    /// Where an input's value goes.
    ///
    /// - Parameters:
    ///   - input: an input of the node's resolved declaration (see `NodeSchema.resolved`).
    ///   - path: what follows the port's name and a dot in the input's name; nil for the port itself.
    /// - Returns: nil when the port has no such input.
    func slot(of input: InputSchema, at path: Substring?) -> (any ValueSlot)?
}

/// Where the value of one input goes.
protocol ValueSlot {
    /// Stores what a literal or a link gave: one value, or any number where the input takes whole lists.
    ///
    /// - Returns: false when it does not fit the type.
    func fill(_ values: [any PortValue]) -> Bool

    /// Notes that the value comes by a link, later.
    func expectLink()
}

extension Input: InputPort, ValueSlot {
    var slotName: String {
        get { slot.name }
        nonmutating set { slot.name = newValue }
    }

    func slot(of input: InputSchema, at path: Substring?) -> (any ValueSlot)? {
        guard path == nil else { return nil }
        slot.name = input.name
        return self
    }

    func fill(_ values: [any PortValue]) -> Bool {
        guard let value = values.first, let value = convert(value) else { return false }
        slot.set(value)
        return true
    }

    func expectLink() { slot.expectLink() }
}
