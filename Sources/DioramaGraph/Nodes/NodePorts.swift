/// The ports of one node instance, found by reflection and told their names.
struct NodePorts {
    private(set) var inputs: [any InputPort] = []
    private(set) var outputs: [any OutputPort] = []
    private(set) var hidden: [any HiddenPort] = []

    /// Finds the ports in the order of declaration.
    ///
    /// - Parameter node: a fresh instance.
    init(of node: any Node) {
        for child in Mirror(reflecting: node).children {
            switch child.value {
            case let port as any InputPort:
                if port.slotName.isEmpty { port.slotName = snakeCase(child.label ?? "") }
                inputs.append(port)
            case let port as any OutputPort: outputs.append(port)
            case let port as any HiddenPort: hidden.append(port)
            default: break
            }
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

extension NodePorts {
    /// Fills the inputs that the file gives and notes which come by links: all there is before a run.
    ///
    /// - Parameter bindings: one an input, in order.
    func fillLiterals(_ bindings: [Graph.Binding]) {
        for (port, binding) in zip(inputs, bindings) {
            switch binding {
            case .declared: break
            case .literal(let value): _ = port.fill(value)
            case .link: port.expectLink()
            }
        }
    }
}
