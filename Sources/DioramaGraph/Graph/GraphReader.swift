/// Takes a JSON value apart into nodes and notes everything that does not fit.
struct GraphReader {
    /// More nodes than anyone wires, and few enough to check in seconds.
    private static let mostNodes = 200_000

    private(set) var nodes: [GraphFile.Node] = []
    private(set) var issues: [GraphIssue] = []
    private(set) var extraPNGInfo: JSON = .null

    /// Reads.
    ///
    /// - Parameters:
    ///   - json: a graph in API form, the body of a request, or a workflow.
    ///   - duplicates: the keys that stand twice; a workflow may have them, as in its editor.
    ///   - declarations: the classes that a workflow may use; without them it cannot be read.
    init(_ json: JSON, duplicates: [JSON.DuplicateKey], declarations: NodeDeclarations?) {
        guard let top = json.object else {
            issues.append(
                GraphIssue(.invalidGraph, "a graph is an object of nodes by id, found \(json.kind)"))
            return
        }
        if Workflow.describes(json) {
            read(workflow: json, declarations)
            return
        }
        for duplicate in duplicates { note(duplicate) }
        read(nodes: unwrapped(top))
    }

    private mutating func read(workflow json: JSON, _ declarations: NodeDeclarations?) {
        guard let declarations else {
            issues.append(
                GraphIssue(
                    .workflowFormat,
                    "this is a workflow as ComfyUI's editor saves it (nodes and links), whose widgets only a catalog "
                        + "can name: read it with GraphFile(data:catalog:)"))
            return
        }
        let conversion = WorkflowConversion(json, declarations: declarations)
        issues = conversion.issues
        if issues.isEmpty { read(nodes: conversion.graph) }
    }

    /// The nodes of a request's body, or the object itself.
    private mutating func unwrapped(_ top: JSON.Object) -> JSON.Object {
        guard let prompt = top["prompt"]?.object, prompt["class_type"] == nil else { return top }
        extraPNGInfo = top["extra_data"]?["extra_pnginfo"] ?? .null
        return prompt
    }

    private mutating func note(_ duplicate: JSON.DuplicateKey) {
        let place = duplicate.path.isEmpty ? "the graph" : quoted(duplicate.path.joined(separator: "."))
        issues.append(
            GraphIssue(
                .duplicateKey,
                "\(place) has \(quoted(duplicate.key)) twice, again at \(duplicate.position): remove or rename one",
                found: duplicate.key))
    }

    private mutating func read(nodes members: JSON.Object) {
        guard members.count <= Self.mostNodes else {
            issues = [
                GraphIssue(
                    .invalidGraph, "the graph has \(members.count) nodes; at most \(Self.mostNodes) are read")
            ]
            return
        }
        for (id, value) in members {
            guard let node = value.object else {
                issues.append(
                    GraphIssue(
                        .invalidGraph,
                        "expected {\"class_type\": ..., \"inputs\": {...}}, found \(value.kind)",
                        at: NodeLabel(id: id, className: "no class")))
                continue
            }
            let className = node["class_type"]?.string
            let title = node["_meta"]?["title"]?.string
            let label = NodeLabel(id: id, title: title, className: className ?? "no class")
            if className == nil {
                let found = node["class_type"].map { ", found \($0.kind)" } ?? ""
                issues.append(
                    GraphIssue(
                        .missingNodeType,
                        "the node has no \"class_type\"; it is a text such as \"KSampler\"\(found)",
                        at: label))
            }
            let inputs = node["inputs"] ?? .object([:])
            if inputs.object == nil {
                issues.append(
                    GraphIssue(
                        .invalidGraph, "\"inputs\" is an object of values by name, found \(inputs.kind)",
                        at: label))
            }
            if let className, let inputs = inputs.object {
                nodes.append(
                    .init(id: id, className: className, title: title, inputs: inputs, meta: node["_meta"]))
            }
        }
    }
}
