/// The ports of one node instance, found by reflection and told their names.
struct NodePorts {
    private(set) var inputs: [any InputPort] = []
    /// The inputs' names at this level of the declaration; a slot's own name is the one that graphs use.
    private var names: [String] = []
    private(set) var outputs: [any OutputPort] = []
    private(set) var hidden: [any HiddenPort] = []

    /// Finds the ports in the order of declaration.
    ///
    /// - Parameter node: a fresh instance of a node, or of a group of inputs.
    init(of node: Any) {
        for child in Mirror(reflecting: node).children {
            switch child.value {
            case let port as any InputPort:
                if port.slotName.isEmpty { port.slotName = snakeCase(child.label ?? "") }
                inputs.append(port)
                names.append(port.slotName)
            case let port as any OutputPort: outputs.append(port)
            case let port as any HiddenPort: hidden.append(port)
            default: break
            }
        }
    }

    /// The declarations of the inputs, each with its name.
    var inputSchemas: [InputSchema] {
        inputs.map { port in
            var schema = port.definition
            if schema.name.isEmpty { schema.name = port.slotName }
            return schema
        }
    }

    /// Where the value of an input of a resolved declaration goes, nil for a name that no port has.
    ///
    /// - Parameters:
    ///   - input: the input.
    ///   - path: its name as this level of the declaration has it.
    /// - Returns: its slot.
    func slot(of input: InputSchema, at path: Substring) -> (any ValueSlot)? {
        if let whole = names.firstIndex(where: { $0 == path }) {
            return inputs[whole].slot(of: input, at: nil)
        }
        let parts = path.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let head = names.firstIndex(where: { $0 == parts[0] }) else { return nil }
        return inputs[head].slot(of: input, at: parts[1])
    }

    /// The slots of a resolved declaration's inputs, in its order.
    ///
    /// - Parameter schema: what `NodeSchema.resolved` gave for a graph's node.
    /// - Returns: one slot an input.
    func slots(_ schema: NodeSchema) -> [any ValueSlot] {
        // Told before any value comes: a later slot of the same name would not be the same place.
        schema.inputs.map { input in
            guard let slot = slot(of: input, at: input.name[...]) else {
                preconditionFailure(
                    "the node \(schema.spec.className) has no port for its input \(input.name)")
            }
            return slot
        }
    }
}

/// A property's name as graphs write it: `latentImage` and the stored `_latentImage` become `latent_image`.
///
/// A run of capitals is one word, so `vaeURL` becomes `vae_url` and `useVAETiling` becomes `use_vae_tiling`.
///
/// - Parameter property: a Swift name.
/// - Returns: the name in snake_case.
func snakeCase(_ property: String) -> String {
    let letters = Array(property.drop { $0 == "_" })
    var name = ""
    for (index, letter) in letters.enumerated() {
        let startsWord =
            letter.isUppercase && index > 0
            && (!letters[index - 1].isUppercase
                || (index + 1 < letters.count && letters[index + 1].isLowercase))
        if startsWord, name.last != "_" { name += "_" }
        name += letter.lowercased()
    }
    return name
}

extension Node {
    /// The node's slots with the values that the file gives; linked ones are noted: all there is before a run.
    ///
    /// - Parameters:
    ///   - schema: the declaration resolved for the graph's node.
    ///   - bindings: one an input, in order.
    /// - Returns: the slots.
    @discardableResult
    func filled(_ schema: NodeSchema, _ bindings: [Graph.Binding]) -> (
        ports: NodePorts, slots: [any ValueSlot]
    ) {
        let ports = NodePorts(of: self)
        let slots = ports.slots(schema)
        for (slot, binding) in zip(slots, bindings) {
            switch binding {
            case .declared: break
            case .literal(let value): _ = slot.fill([value])
            case .link: slot.expectLink()
            }
        }
        return (ports, slots)
    }
}
