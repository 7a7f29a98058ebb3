/// What each output of a graph's nodes gives, followed through nodes that hand on whatever they are given.
///
/// A switch's output is declared as `*`; what it gives is what is linked to its inputs, so that a wrong link is found
/// before anything runs, on whichever side of the switch it is.
struct OutputTypes {
    private let file: GraphFile
    /// Each node's resolved declaration; nil where its class is not known.
    private let schemas: [NodeSchema?]
    private var known: [Place: PortType] = [:]

    private struct Place: Hashable {
        let node: Int
        let output: Int
    }

    init(_ file: GraphFile, schemas: [NodeSchema?]) {
        self.file = file
        self.schemas = schemas
    }

    /// What an output gives.
    ///
    /// - Parameters:
    ///   - node: the node's position; its class is known.
    ///   - output: the output's position, which the class has.
    /// - Returns: the declared type, or for a template's output the type that the template's inputs are linked to.
    mutating func type(of node: Int, output: Int) -> PortType {
        var path: [Place] = []
        var met: Set<Place> = []
        var place = Place(node: node, output: output)
        var type = PortType.any
        while true {
            if let found = known[place] {
                type = found
                break
            }
            guard met.insert(place).inserted, let schema = schemas[place.node],
                schema.outputs.indices.contains(place.output)
            else { break }
            type = schema.outputs[place.output].type
            path.append(place)
            guard let template = schema.outputs[place.output].template,
                let source = source(of: template, in: schema, at: place.node)
            else { break }
            place = source
        }
        for place in path { known[place] = type }
        return type
    }

    /// Where the first linked input of a template gets its value.
    private func source(of template: String, in schema: NodeSchema, at node: Int) -> Place? {
        for input in schema.inputs where input.template == template {
            guard case .link(let link) = file.nodes[node].value(of: input.name),
                let source = file.position(of: link.nodeID), let outputs = schemas[source]?.outputs,
                let output = link.slot.position(in: outputs)
            else { continue }
            return Place(node: source, output: output)
        }
        return nil
    }
}

extension Link.Slot {
    /// The output's position, nil when there is none.
    ///
    /// - Parameter outputs: the outputs of the node that the link names.
    /// - Returns: a position in `outputs`.
    func position(in outputs: [OutputSchema]) -> Int? {
        switch self {
        case .index(let index): outputs.indices.contains(index) ? index : nil
        case .name(let name):
            outputs.firstIndex { $0.name == name }
                ?? outputs.firstIndex { $0.name.lowercased() == name.lowercased() }
        }
    }
}
