/// Everything that is wrong with a graph.
public struct GraphError: Error, Sendable, CustomStringConvertible {
    /// The problems, in the order of the file; warnings are among them, at least one is an error.
    public let issues: [GraphIssue]
    /// The output nodes that cannot run because of a node, by that node's id.
    let dependentOutputs: [String: [String]]

    init(_ issues: [GraphIssue], dependentOutputs: [String: [String]] = [:]) {
        self.issues = issues
        self.dependentOutputs = dependentOutputs
    }

    /// The sentences, a line each, warnings last.
    public var description: String {
        let errors = issues.filter { $0.severity == .error }.map(\.description)
        let warnings = issues.filter { $0.severity == .warning }.map { "warning: \($0)" }
        return (errors + warnings).joined(separator: "\n")
    }

    /// The answer that ComfyUI's server would give: `{"error": {...}, "node_errors": {...}}`.
    ///
    /// Unlike there, every node with a problem is listed, and each problem carries its sentence.
    public var json: JSON {
        let errors = issues.filter { $0.severity == .error }
        var nodes: JSON.Object = [:]
        for (label, issues) in grouped(errors) {
            nodes[label.id] = [
                "errors": .array(issues.map(\.json)),
                "dependent_outputs": .array((dependentOutputs[label.id] ?? []).map(JSON.string)),
                "class_type": .string(label.className),
            ]
        }
        return ["error": summary(errors), "node_errors": .object(nodes)]
    }

    private func summary(_ errors: [GraphIssue]) -> JSON {
        let whole: Set<GraphIssue.Kind> = [
            .missingNodeType, .promptNoOutputs, .unknownNode, .invalidJSON, .invalidGraph, .workflowFormat,
            .duplicateKey,
        ]
        if let first = errors.first(where: { whole.contains($0.kind) }) {
            guard case .object(var members) = first.json else { return first.json }
            if let node = first.node, case .object(var extra)? = members["extra_info"] {
                members["details"] = .string("Node ID '#\(node.id)'")
                extra["node_id"] = .string(node.id)
                extra["class_type"] = .string(node.className)
                extra["node_title"] = .string(node.title)
                members["extra_info"] = .object(extra)
            }
            return .object(members)
        }
        let lines = errors.map { "\($0.comfy.message ?? $0.message): \($0.comfy.details ?? $0.input ?? "")" }
        return [
            "type": "prompt_outputs_failed_validation", "message": "Prompt outputs failed validation",
            "details": .string(lines.joined(separator: "\n")), "extra_info": [:],
        ]
    }

    /// The issues of each node, in the order in which the nodes first appear.
    private func grouped(_ issues: [GraphIssue]) -> [(NodeLabel, [GraphIssue])] {
        var order: [NodeLabel] = []
        var groups: [String: [GraphIssue]] = [:]
        for issue in issues {
            guard let node = issue.node else { continue }
            if groups[node.id] == nil { order.append(node) }
            groups[node.id, default: []].append(issue)
        }
        return order.map { ($0, groups[$0.id] ?? []) }
    }
}
