/// A workflow with its subgraphs put in place: every node that runs, each under the id it has in API form.
struct WorkflowScopes {
    /// A level in its place.
    struct Scope {
        /// The level's position in the workflow.
        let graph: Int
        /// The node that stands for it; nil for the workflow itself.
        let host: Place?
        /// What stands before the ids of its nodes: `57:`.
        let prefix: String
    }

    /// A node in its place.
    struct Place: Hashable {
        let scope: Int
        /// The node's position in the scope's graph.
        let node: Int
    }

    /// The most a workflow may grow to; far above every real one.
    enum Limit {
        static let nodes = 250_000
        static let idBytes = 64 << 20
        static let depth = 100
    }

    let workflow: Workflow
    private(set) var scopes: [Scope] = []
    /// The nodes that run, in the order of the file, those of a subgraph where the node stands for it.
    private(set) var places: [Place] = []
    /// Set when the workflow grows beyond the limits; the rest is then missing.
    private(set) var issue: GraphIssue?
    private var children: [Place: Int] = [:]
    private var visited = 0
    private var idBytes = 0

    init(_ workflow: Workflow) {
        self.workflow = workflow
        scopes = [Scope(graph: 0, host: nil, prefix: "")]
        /// The scopes from the workflow to the one looked at, each with the node to look at next.
        var path = [Place(scope: 0, node: 0)]
        while let place = path.last, issue == nil {
            guard place.node < graph(of: place).nodes.count else {
                path.removeLast()
                continue
            }
            path[path.count - 1] = Place(scope: place.scope, node: place.node + 1)
            count(place)
            let node = node(place)
            guard node.mode == .active, node.role == .ordinary else { continue }
            guard let subgraph = workflow.subgraph(of: node) else {
                places.append(place)
                continue
            }
            if path.count > Limit.depth { note("its subgraphs are nested deeper than \(Limit.depth) levels") }
            children[place] = scopes.count
            path.append(Place(scope: scopes.count, node: 0))
            scopes.append(Scope(graph: subgraph, host: place, prefix: id(place) + ":"))
        }
    }

    /// The level a node is in.
    func graph(of place: Place) -> WorkflowGraph { workflow.graphs[scopes[place.scope].graph] }

    /// What the file says of a node.
    func node(_ place: Place) -> WorkflowNode { graph(of: place).nodes[place.node] }

    /// The node's id in API form: `57:27`.
    func id(_ place: Place) -> String { scopes[place.scope].prefix + node(place).id }

    /// The scope of the subgraph that a node stands for, nil for other nodes and for those that do not run.
    func inside(_ place: Place) -> Int? { children[place] }

    /// How a node is called in messages.
    func label(_ place: Place) -> NodeLabel {
        let node = node(place)
        let subgraph = workflow.subgraph(of: node).flatMap { workflow.graphs[$0].name }
        return NodeLabel(id: id(place), title: node.title, className: subgraph ?? node.className)
    }

    private mutating func count(_ place: Place) {
        visited += 1
        idBytes += scopes[place.scope].prefix.utf8.count + node(place).id.utf8.count
        if visited > Limit.nodes || idBytes > Limit.idBytes {
            note("with its subgraphs put in place it has more than \(Limit.nodes) nodes")
        }
    }

    private mutating func note(_ reason: String) {
        if issue == nil { issue = GraphIssue(.invalidGraph, "the workflow is too large: \(reason)") }
    }
}
