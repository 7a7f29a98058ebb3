/// Finds every problem of a graph in one pass over its nodes and links, without recursion.
struct GraphValidator {
    let file: GraphFile
    let catalog: NodeCatalog
    let environment: RunEnvironment

    /// Which node each position is.
    let labels: [NodeLabel]
    /// Each node's class; nil when the catalog does not have it.
    let entries: [NodeCatalog.Entry?]
    /// Each node's declaration, resolved for what the node says; nil when the catalog does not have its class.
    let schemas: [NodeSchema?]
    /// The nodes that each node links to, each once; links to nothing are left out.
    private let sources: [[Int]]
    private(set) var issues: [GraphIssue] = []
    private var options: OptionLists
    private var types: OutputTypes

    init(_ file: GraphFile, catalog: NodeCatalog, environment: RunEnvironment) {
        self.file = file
        self.catalog = catalog
        self.environment = environment
        options = OptionLists(environment: environment)
        entries = file.nodes.map { catalog.entry($0.className) }
        schemas = zip(file.nodes, entries).map { node, entry in entry?.schema.resolved(for: node.inputs) }
        types = OutputTypes(file, schemas: schemas)
        labels = file.nodes.map { NodeLabel(id: $0.id, title: $0.title, className: $0.className) }
        sources = file.nodes.map { node in
            var met: Set<Int> = []
            return node.inputs.compactMap { _, value in
                guard case .link(let link) = InputValue(value), let source = file.position(of: link.nodeID),
                    met.insert(source).inserted
                else { return nil }
                return source
            }
        }
        checkClasses()
    }

    // MARK: Classes and targets

    private mutating func checkClasses() {
        var classes = UnknownClasses(knowing: catalog.classNames)
        for position in entries.indices where entries[position] == nil {
            issues.append(classes.issue(at: labels[position]))
        }
    }

    /// The nodes to run the graph for.
    ///
    /// - Parameter ids: the wanted ones; nil for all output nodes.
    /// - Returns: their positions, in the order asked for or of the file.
    mutating func targets(_ ids: [String]?) -> [Int] {
        guard let ids else {
            let outputs = entries.indices.filter { entries[$0]?.schema.spec.isOutput == true }
            // An unknown class may be the output: that is already said.
            if outputs.isEmpty, !entries.contains(where: { $0 == nil }) { noteNoOutputs() }
            return outputs
        }
        var positions: [Int] = []
        for id in ids {
            if let position = file.position(of: id) {
                if !positions.contains(position) { positions.append(position) }
            } else {
                let nearest = Spelling.nearest(to: id, in: file.nodes.map(\.id))
                issues.append(
                    GraphIssue(
                        .unknownNode, nearest.asked("the graph has no node \(quoted(id))"), found: id,
                        suggestion: nearest))
            }
        }
        return positions
    }

    private mutating func noteNoOutputs() {
        let names = catalog.schemas.filter { $0.spec.isOutput && !$0.spec.isDeprecated }.prefix(3).map(
            \.spec.className)
        let advice = names.isEmpty ? "" : ", such as \(names.joined(separator: ", "))"
        issues.append(
            GraphIssue(
                .promptNoOutputs,
                "the graph has no output node: add one that saves or shows a result\(advice)",
                comfy: .init(message: "Prompt has no outputs")))
    }

    // MARK: Inputs

    /// Checks all that the targets depend on.
    ///
    /// - Parameter targets: positions of nodes.
    /// - Returns: for each node of the file its bindings, nil when no target depends on it.
    mutating func check(_ targets: [Int]) -> [[Graph.Binding]?] {
        let needed = ancestors(of: targets)
        var bindings = [[Graph.Binding]?](repeating: nil, count: file.nodes.count)
        for position in needed.indices where needed[position] {
            guard let entry = entries[position], let schema = schemas[position] else { continue }
            var inputs = NodeInputCheck(
                node: file.nodes[position], label: labels[position], schema: schema, file: file,
                schemas: schemas, labels: labels)
            let found = inputs.bindings(&options, &types)
            bindings[position] = found
            issues += inputs.issues
            if !inputs.issues.contains(where: { $0.severity == .error }) {
                issues += customIssues(position, entry.type.init(), schema, found)
            }
        }
        issues += CycleSearch(needed: needed, sources: sources, labels: labels).issues
        return bindings
    }

    private func customIssues(
        _ position: Int, _ node: any Node, _ schema: NodeSchema, _ bindings: [Graph.Binding]
    ) -> [GraphIssue] {
        node.filled(schema, bindings)
        let place = SourceNode(file, schemas, position)
        return (node.validate(environment) + node.validate(environment, in: place)).map { problem in
            let place = problem.input.map { "\"\($0)\": " } ?? ""
            let details = problem.input.map { "\($0) - " } ?? ""
            return GraphIssue(
                .customValidationFailed, place + problem.message, at: labels[position], input: problem.input,
                comfy: .init(message: "Custom validation failed for node", details: details + problem.message)
            )
        }
    }

    // MARK: Walking

    private func ancestors(of targets: [Int]) -> [Bool] {
        var needed = [Bool](repeating: false, count: file.nodes.count)
        var open = targets
        for target in targets { needed[target] = true }
        while let position = open.popLast() {
            for source in sources[position] where !needed[source] {
                needed[source] = true
                open.append(source)
            }
        }
        return needed
    }

    /// The targets that cannot run because of a node with errors.
    ///
    /// - Parameter targets: positions of nodes.
    /// - Returns: ids of targets by the id of the node at fault.
    func dependentOutputs(_ targets: [Int]) -> [String: [String]] {
        let wrong = Set(issues.filter { $0.severity == .error }.compactMap { $0.node?.id })
        var dependents: [String: [String]] = [:]
        // Enough for every real graph; bounds the work for hostile ones.
        for target in targets.prefix(100) {
            for (position, isAncestor) in ancestors(of: [target]).enumerated() where isAncestor {
                let id = labels[position].id
                if wrong.contains(id) { dependents[id, default: []].append(labels[target].id) }
            }
        }
        return dependents
    }
}

/// The options of choice inputs, computed once for a graph.
struct OptionLists {
    let environment: RunEnvironment
    private var lists: [String: Result<[String], OptionsUnavailable>] = [:]

    init(environment: RunEnvironment) { self.environment = environment }

    /// Why options could not be computed.
    struct OptionsUnavailable: Error {
        let reason: String
    }

    /// The options of an input.
    ///
    /// - Parameters:
    ///   - className: the node's class.
    ///   - input: the input's name.
    ///   - options: its declaration.
    /// - Returns: the texts to choose from, or why they could not be found out.
    mutating func names(
        of className: String, _ input: String, _ options: InputOptions
    ) -> Result<[String], OptionsUnavailable> {
        if case .list(let names) = options { return .success(names) }
        let key = "\(className).\(input)"
        if let known = lists[key] { return known }
        let list = Result { try options.names(in: environment) }
            .mapError { OptionsUnavailable(reason: "\($0)") }
        lists[key] = list
        return list
    }
}
