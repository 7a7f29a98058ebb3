/// The work that a graph's targets need, in order: a plain list of steps.
///
/// The order is ComfyUI's: of the nodes whose inputs are ready, first an output node, then one that feeds an output
/// node, then one that feeds such a node, then the one met first on the way up from the outputs. It depends on the graph
/// alone. A schedule also notes the identity of the files its nodes read: make a new one for each run.
public struct Schedule: Sendable {
    /// One piece of work: a node, and the nodes equal to it.
    public struct Step: Sendable {
        /// The node that runs.
        public let label: NodeLabel
        /// Nodes that would do the same work on the same inputs: they share the result.
        public let twins: [NodeLabel]
        /// Where it runs.
        public let lane: Lane
        /// Under which key the result is kept; nil when it never is.
        public let key: CacheKey?
        /// The earlier steps whose values it may take, each once, in ascending order.
        public let sources: [Int]
        /// Those of them that it needs in any case: not only for lazy inputs.
        public let requiredSources: [Int]

        /// The outputs it takes, each once.
        let taken: [Taken]
        let node: Graph.Node
        /// Where the value of each input comes from, by step.
        let bindings: [Graph.Binding]
    }

    /// One output of a step.
    struct Taken: Hashable, Sendable {
        let step: Int
        let output: Int
    }

    /// The graph.
    public let graph: Graph
    /// The work in order: each step's sources stand before it.
    public let steps: [Step]
    /// The ids of the nodes it runs for.
    public let targetIDs: [String]
    /// The step of each of them, in the same order.
    public let targets: [Int]

    /// Plans a graph.
    ///
    /// - Parameter graph: what to run.
    public init(_ graph: Graph) {
        self.init(graph, targets: graph.targets)
    }

    /// Plans a part of a graph.
    ///
    /// - Parameters:
    ///   - graph: what to run.
    ///   - outputs: ids of needed nodes, to run for these alone; nil for all targets of the graph.
    /// - Throws: `GraphError` when an id is not one of the graph's needed nodes.
    public init(_ graph: Graph, outputs: [String]?) throws(GraphError) {
        guard let outputs else {
            self.init(graph)
            return
        }
        var targets: [Int] = []
        var issues: [GraphIssue] = []
        for id in outputs {
            if let position = graph.file.position(of: id), graph.nodes[position].isNeeded {
                if !targets.contains(position) { targets.append(position) }
            } else {
                let ids = graph.nodes.filter(\.isNeeded).map(\.label.id)
                let nearest = Spelling.nearest(to: id, in: ids)
                issues.append(
                    GraphIssue(
                        .unknownNode, nearest.asked("no output of the graph needs a node \(quoted(id))"),
                        found: id,
                        suggestion: nearest))
            }
        }
        guard issues.isEmpty else { throw GraphError(issues) }
        self.init(graph, targets: targets)
    }

    private init(_ graph: Graph, targets: [Int]) {
        self.graph = graph
        let order = ExecutionOrder(graph, targets: targets).positions
        let prompt = order.contains { graph.nodes[$0].dependsOnWholeGraph } ? CacheKey(wholeOf: graph) : nil
        var keys = [CacheKey?](repeating: nil, count: graph.nodes.count)
        var steps: [Step] = []
        /// The step that gives each node's values.
        var stepOfNode = [Int](repeating: 0, count: graph.nodes.count)
        var stepOfKey: [CacheKey: Int] = [:]
        var twins: [Int: [NodeLabel]] = [:]
        for position in order {
            let node = graph.nodes[position]
            let key = CacheKey.key(of: node, in: graph, keys: keys, prompt: prompt)
            keys[position] = key
            if let key, let twin = stepOfKey[key] {
                stepOfNode[position] = twin
                twins[twin, default: []].append(node.label)
                continue
            }
            let bindings = node.bindings.map { binding in
                guard case .link(let source, let output) = binding else { return binding }
                return .link(node: stepOfNode[source], output: output)
            }
            stepOfNode[position] = steps.count
            if let key { stepOfKey[key] = steps.count }
            steps.append(Step(node, key: key, bindings: bindings))
        }
        self.steps = steps.enumerated().map { index, step in
            twins[index].map { Step(step.node, key: step.key, bindings: step.bindings, twins: $0) } ?? step
        }
        self.targets = targets.map { stepOfNode[$0] }
        targetIDs = targets.map { graph.nodes[$0].label.id }
    }

    /// What decides everything the targets make: their keys, or the whole graph where a result is never kept.
    ///
    /// It is the same in every process, for equal work on the same files.
    public var identity: CacheKey {
        var hash = StableHash()
        for target in targets {
            (steps[target].key ?? CacheKey(wholeOf: graph)).hash(into: &hash)
        }
        return CacheKey(hash)
    }

    /// How many nodes of the graph it covers; those that only lazy inputs need may not run.
    public var nodeCount: Int { steps.reduce(0) { $0 + 1 + $1.twins.count } }
}

extension Schedule.Step {
    init(_ node: Graph.Node, key: CacheKey?, bindings: [Graph.Binding], twins: [NodeLabel] = []) {
        var taken: Set<Schedule.Taken> = []
        var required: Set<Int> = []
        for (input, binding) in zip(node.schema.inputs, bindings) {
            guard case .link(let source, let output) = binding else { continue }
            taken.insert(.init(step: source, output: output))
            if !input.isLazy { required.insert(source) }
        }
        self.node = node
        self.key = key
        self.bindings = bindings
        self.twins = twins
        self.taken = Array(taken)
        sources = Set(taken.map(\.step)).sorted()
        requiredSources = required.sorted()
        label = node.label
        lane = node.schema.spec.lane
    }
}
