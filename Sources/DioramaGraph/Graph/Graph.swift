/// A graph that can run: every class is known, every input has a fitting value, nothing goes round in circles.
public struct Graph: Sendable {
    /// A node of a valid graph.
    public struct Node: Sendable {
        /// Which node this is.
        public let label: NodeLabel
        /// Its class's declaration, with the inputs that this node has where the graph decides them.
        public let schema: NodeSchema
        /// Whether a target depends on it.
        ///
        /// The inputs of other nodes are not checked and not bound.
        public let isNeeded: Bool

        let type: any DioramaGraph.Node.Type
        /// Where the value of each input of the schema comes from.
        let bindings: [Binding]
    }

    /// Where an input's value comes from.
    enum Binding: Sendable {
        /// The declaration: its default, or nothing for an optional input.
        case declared
        /// The file.
        case literal(any LiteralValue)
        /// An output of another node, both by position.
        case link(node: Int, output: Int)
    }

    /// What the file said.
    public let file: GraphFile
    /// Every node, in the order of the file.
    public let nodes: [Node]
    /// The nodes the graph is run for, by position in `nodes`.
    let targets: [Int]
    /// What was found that does not keep the graph from running.
    public let warnings: [GraphIssue]
    /// The classes that it may use, also for what its nodes put in their places.
    let catalog: NodeCatalog
    /// What the nodes find outside the graph.
    public let environment: RunEnvironment

    /// Checks a file against a catalog.
    ///
    /// Nodes on which no target depends are checked for their class only, as ComfyUI does.
    ///
    /// - Parameters:
    ///   - file: what to run.
    ///   - catalog: the classes it may use.
    ///   - environment: folders and resources; lists of files and the nodes' own checks look there.
    ///   - targets: ids of the nodes to run it for; its output nodes when nil.
    /// - Throws: `GraphError` with every problem at once.
    public init(
        _ file: GraphFile, catalog: NodeCatalog, environment: RunEnvironment, targets: [String]? = nil
    ) throws(GraphError) {
        var validator = GraphValidator(file, catalog: catalog, environment: environment)
        let targetPositions = validator.targets(targets)
        let bound = validator.check(targetPositions)
        let issues = validator.issues
        if issues.contains(where: { $0.severity == .error }) {
            let dependents = validator.dependentOutputs(targetPositions)
            throw GraphError(issues, dependentOutputs: dependents)
        }
        self.file = file
        self.environment = environment
        self.targets = targetPositions
        warnings = issues
        self.catalog = catalog
        nodes = file.nodes.indices.compactMap { position in
            guard let entry = validator.entries[position], let schema = validator.schemas[position] else {
                return nil
            }
            return Node(
                label: validator.labels[position], schema: schema, isNeeded: bound[position] != nil,
                type: entry.type, bindings: bound[position] ?? [])
        }
    }

    /// The ids of the nodes the graph is run for.
    public var targetIDs: [String] { targets.map { nodes[$0].label.id } }

    /// The graph in API form with every link by position, as ComfyUI reads it: what images carry.
    public var json: JSON {
        var plain = file
        for (position, node) in nodes.enumerated() where node.isNeeded {
            for (input, binding) in zip(node.schema.inputs, node.bindings) {
                guard case .link(let source, let output) = binding else { continue }
                let link = Link(nodes[source].label.id, .index(output))
                plain.set(input.name, at: position, to: .link(link))
            }
        }
        return plain.json
    }
}
