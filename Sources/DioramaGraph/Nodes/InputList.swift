/// An input that takes a whole list: the node runs once for all of its values instead of once for each.
///
/// ```swift
/// @InputList("Pictures of any sizes.") var images: [ImageBatch]
/// ```
///
/// The other inputs of such a node are lists too; those declared with `@Input` take the first value of theirs. A single
/// value, and a literal, is a list of one.
@propertyWrapper
public struct InputList<Value: PortValue> {
    let slot: Slot<[Value]>
    let definition: InputSchema

    /// The values, in order; empty when an optional input is not given.
    public var wrappedValue: [Value] {
        get { slot.value }
        nonmutating set { slot.set(newValue) }
    }

    /// The input itself rather than its values.
    public var projectedValue: InputReference<[Value]> { InputReference(slot: slot) }

    /// Declares an input for whole lists.
    ///
    /// - Parameters:
    ///   - help: what it means, with shapes and units.
    ///   - optional: whether the graph may leave it out.
    ///   - name: the name in graphs; the property's in snake_case when nil.
    ///   - match: the template whose inputs and outputs are all of one type.
    ///   - attributes: anything else for the node's description, as ComfyUI names it.
    public init(
        _ help: String, optional: Bool = false, name: String? = nil, match: String? = nil,
        attributes: JSON.Object = .init()
    ) {
        var schema = InputSchema(
            name: name ?? "", help: help, type: Value.portType, isOptional: optional, defaultValue: nil,
            minimum: nil, maximum: nil, options: nil, validatesOptions: true, attributes: attributes,
            literal: literalReader(Value.self))
        schema.takesList = true
        schema.template = match
        definition = schema
        slot = Slot(name: schema.name, initial: optional ? [] : nil)
    }
}

extension InputList: InputPort, ValueSlot {
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
        let fitting = values.compactMap { converted($0, to: Value.self) }
        guard fitting.count == values.count else { return false }
        slot.set(fitting)
        return true
    }

    func expectLink() { slot.expectLink() }
}
