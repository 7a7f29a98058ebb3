/// The graphs that the calls of a node put in its place, as one graph whose nodes have ids below the node's.
struct ExpandedGraph {
    /// So many graphs within graphs: more than loops that anyone runs, and an end for those that have none.
    static let mostDepth = 1000

    private let label: NodeLabel
    private var nodes = JSON.Object()
    private var values = ExpansionValues()
    private let calls: [Int: Expansion]

    /// Writes the graph.
    ///
    /// - Parameters:
    ///   - expansions: what each call put in its place.
    ///   - label: the node.
    ///   - key: the key of its result, from which those of its parts follow; nil when it is never kept.
    init(_ expansions: [(call: Int, graph: Expansion)], of label: NodeLabel, key: CacheKey?) {
        self.label = label
        calls = Dictionary(expansions.map { ($0.call, $0.graph) }) { $1 }
        for (call, graph) in expansions {
            for (index, node) in graph.nodes.enumerated() { add(node, as: id(call, index), call, key) }
        }
    }

    private func id(_ call: Int, _ node: Int) -> String { "\(label.id).\(call).\(node)" }

    private mutating func add(_ node: Expansion.Node, as id: String, _ call: Int, _ key: CacheKey?) {
        var inputs = JSON.Object()
        for (name, input) in node.inputs {
            switch input {
            case .literal(let json): inputs[name] = InputValue.literal(json).json
            case .output(let output):
                inputs[name] = [.string(self.id(call, output.node)), .integer(output.index)]
            case .value(let value):
                let source = "\(id).\(name)"
                inputs[name] = [.string(source), 0]
                values.add(value, as: source, origin: key.map { "\($0) \(call) \(id) \(name)" })
                nodes[source] = [
                    "class_type": .string(GivenValue.spec.className), "inputs": ["name": .string(source)],
                ]
            }
        }
        var members: JSON.Object = ["class_type": .string(node.className), "inputs": .object(inputs)]
        if let title = node.title { members["_meta"] = ["title": .string(title)] }
        nodes[id] = .object(members)
    }

    /// The graph, checked.
    ///
    /// - Parameters:
    ///   - links: the outputs that the node's own outputs are linked to.
    ///   - catalog: the classes it may use.
    ///   - environment: what the node was given.
    /// - Returns: nil when nothing in it has to run.
    /// - Throws: `GraphError`, or a sentence about a link to an output that there is not.
    func graph(
        linkedBy links: [ExpansionLink], catalog: NodeCatalog, environment: RunEnvironment
    ) throws -> Graph? {
        let file = try GraphFile(.object(nodes))
        let known = catalog[GivenValue.spec.className] != nil
        let catalog = known ? catalog : try catalog + [GivenValue.self]
        var targets = file.nodes.filter { catalog[$0.className]?.spec.isOutput ?? true }.map(\.id)
        for link in links {
            let target = id(link)
            guard let className = file[target]?.className else {
                throw MissingExpansionOutput(output: link.output)
            }
            if let outputs = catalog[className]?.outputs, !outputs.indices.contains(link.output.index) {
                throw MissingExpansionOutput(output: link.output)
            }
            if !targets.contains(target) { targets.append(target) }
        }
        if targets.isEmpty { return nil }
        return try Graph(file, catalog: catalog, environment: inner(environment), targets: targets)
    }

    /// The node that a link leads to.
    func id(_ link: ExpansionLink) -> String { id(link.call, link.output.node) }

    /// What the nodes of the graph are given: what the node was, and the values it hands on.
    func inner(_ environment: RunEnvironment) -> RunEnvironment {
        let depth = (environment.resources[ExpansionDepth.self]?.levels ?? 0) + 1
        return RunEnvironment(
            folders: environment.folders,
            resources: environment.resources.with(values).with(ExpansionDepth(levels: depth)))
    }
}

extension NodeCall {
    /// Runs the graphs that the node put in its place.
    ///
    /// - Parameters:
    ///   - made: what the calls of the node made.
    ///   - setting: the run that the node is part of.
    ///   - catalog: the classes that the graphs may use.
    /// - Returns: the node's result, with values in place of links.
    /// - Throws: `GraphError` for a graph that cannot run, `ExpansionFailure` where nodes of it failed.
    func expanded(_ made: NodeResult, in setting: RunSetting, catalog: NodeCatalog) async throws -> NodeResult
    {
        let depth = environment.resources[ExpansionDepth.self]?.levels ?? 0
        guard depth < ExpandedGraph.mostDepth else { throw ExpansionTooDeep() }
        let expanded = ExpandedGraph(made.expansions, of: step.label, key: step.key)
        let links = made.values.joined().compactMap { $0 as? ExpansionLink }
        var result = made
        result.expansions = []
        guard let graph = try expanded.graph(linkedBy: links, catalog: catalog, environment: environment)
        else {
            return result
        }
        var inner = setting
        inner.environment = expanded.inner(environment)
        inner.send = { event in
            switch event {
            case .started, .finished, .failed, .cancelled: break
            default: setting.send(event)
            }
        }
        var execution = Execution(Schedule(graph), inner)
        let ended: RunResult
        do {
            ended = try await execution.run()
        } catch let failure as RunFailure {
            throw ExpansionFailure(failure: failure)
        }
        result.values = made.values.map { values in
            values.flatMap { value -> [any PortValue] in
                guard let link = value as? ExpansionLink else { return [value] }
                return ended.values[expanded.id(link)]?[link.output.index] ?? []
            }
        }
        result.artefacts += ended.artefacts
        result.nodesRun += ended.nodesRun
        return result
    }
}

/// How many graphs put in place of nodes lie around a node.
private struct ExpansionDepth: Sendable {
    let levels: Int
}

/// The values that a node gives to the graph in its place.
struct ExpansionValues: Sendable {
    private var entries: [String: (value: any PortValue, origin: String?)] = [:]

    /// Adds a value under a name; `origin` decides it, nil when nothing does.
    mutating func add(_ value: any PortValue, as name: String, origin: String?) {
        entries[name] = (value, origin)
    }

    subscript(name: String) -> (value: any PortValue, origin: String?)? { entries[name] }
}

/// Gives a value of the node whose place the graph takes.
struct GivenValue: Node {
    static let spec = NodeSpec(
        "GivenValue", category: "internal", "Gives a value of the node whose place the graph takes.",
        lane: .io)
    @Input("Which value.") var name: String
    @Output("The value.") var value: AnyValue

    func run(_ context: RunContext) throws {
        guard let given = try context.resource(ExpansionValues.self)[name] else {
            throw context.fail($name, "names no value")
        }
        value = AnyValue(given.value)
    }

    func fingerprint(_ environment: RunEnvironment) throws -> String? {
        guard let name = $name.literal,
            let origin = environment.resources[ExpansionValues.self]?[name]?.origin
        else { throw Undecided() }
        return origin
    }

    /// Nothing tells whether the value is the same another time.
    private struct Undecided: Error {}
}

/// Nodes that took the place of another one failed.
public struct ExpansionFailure: Error, CustomStringConvertible {
    /// Which failed, and why.
    public let failure: RunFailure

    /// The nodes that failed by themselves, however many graphs lie around them.
    public var failures: [NodeFailure] {
        var found: [NodeFailure] = []
        var open = failure.failures[...]
        while let next = open.popFirst() {
            if let inner = next.underlying as? ExpansionFailure {
                open = inner.failure.failures + open
            } else {
                found.append(next)
            }
        }
        return found
    }

    /// A line for each of them.
    public var description: String {
        "in the graph that took its place, " + failures.map(\.description).joined(separator: "\n")
    }
}

/// A node's output is linked to an output that the graph in its place does not have.
struct MissingExpansionOutput: Error, CustomStringConvertible {
    let output: Expansion.Output
    var description: String {
        "an output is linked to output \(output.index) of node \(output.node) of the graph in its place, which there is not"
    }
}

/// Nodes put graphs in their places without end.
struct ExpansionTooDeep: Error, CustomStringConvertible {
    var description: String {
        "\(ExpandedGraph.mostDepth) graphs lie within each other, each in the place of a node; a loop has no end?"
    }
}
