/// A workflow as ComfyUI's editor saves it, taken apart but not yet converted.
struct Workflow {
    /// The workflow itself first, then the subgraphs it defines.
    private(set) var graphs: [WorkflowGraph] = []
    /// Where each subgraph stands, by the id that its nodes have for a class.
    private(set) var subgraphs: [String: Int] = [:]
    /// Where the file is not a workflow.
    private(set) var issues: [GraphIssue] = []

    /// Whether a JSON value is a workflow rather than a graph in API form, whose members are all objects.
    static func describes(_ json: JSON) -> Bool { json["nodes"]?.array != nil }

    /// Takes a workflow apart.
    init(_ json: JSON) {
        var definitions: [(id: String?, json: JSON)] = [(nil, json)]
        var next = 0
        // A definition may hold further ones.
        while next < definitions.count {
            let found = definitions[next].json["definitions"]?["subgraphs"]?.array ?? []
            for definition in found {
                guard let id = definition["id"]?.string, subgraphs[id] == nil else {
                    note("\"definitions\" has a subgraph without an id, or two with the same")
                    continue
                }
                subgraphs[id] = definitions.count
                definitions.append((id, definition))
            }
            next += 1
        }
        for definition in definitions {
            var reader = WorkflowReader(definition.json, subgraph: definition.id)
            graphs.append(reader.graph())
            issues += reader.issues
        }
        noteCircles()
    }

    /// Where the definition of the subgraph that a node stands for is, nil for other nodes.
    func subgraph(of node: WorkflowNode) -> Int? { subgraphs[node.className] }

    private mutating func note(_ message: String) {
        issues.append(GraphIssue(.invalidGraph, message))
    }

    /// Notes the subgraphs that contain themselves.
    private mutating func noteCircles() {
        let contained = graphs.map { graph in
            graph.nodes.filter { $0.mode == .active }.compactMap(subgraph)
        }
        let ids = Dictionary(subgraphs.map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        let labels = graphs.enumerated().map { index, graph in
            NodeLabel(id: ids[index] ?? "", className: graph.name ?? "workflow")
        }
        let starts = graphs.indices.map { $0 == 0 }
        for circle in CycleSearch(needed: starts, sources: contained, labels: labels).circles {
            let names = circle.map { quoted($0.className) }
            let path = (names + names.prefix(1)).joined(separator: " -> ")
            issues.append(
                GraphIssue(.dependencyCycle, "a subgraph contains itself: \(path)", found: path))
        }
    }
}
