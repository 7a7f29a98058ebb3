/// Takes one level of a workflow apart and notes everything that does not fit.
struct WorkflowReader {
    private(set) var issues: [GraphIssue] = []
    private let json: JSON
    private let name: String?
    private var links: [Int: WorkflowLink] = [:]

    /// A reader of one level.
    ///
    /// - Parameters:
    ///   - json: the workflow, or the definition of a subgraph.
    ///   - subgraph: the definition's id, nil for the workflow itself.
    init(_ json: JSON, subgraph: String?) {
        self.json = json
        name = subgraph.map { json["name"]?.string ?? $0 }
    }

    /// The level; `issues` then holds what is wrong.
    mutating func graph() -> WorkflowGraph {
        readLinks()
        var nodes: [WorkflowNode] = []
        var seen: Set<String> = []
        for (index, value) in (json["nodes"]?.array ?? []).enumerated() {
            guard let node = node(value, at: index) else { continue }
            if !seen.insert(node.id).inserted { note(.duplicateKey, "two nodes have this id", at: node) }
            nodes.append(node)
        }
        for node in nodes { checkLinks(of: node, among: seen) }
        return WorkflowGraph(
            name: name, nodes: nodes, links: links, inputs: ports("inputs"), outputs: ports("outputs"))
    }

    // MARK: Links

    /// Links are lists in a workflow, `[id, from, slot, to, slot, type]`, and objects in a subgraph.
    private mutating func readLinks() {
        var broken = 0
        let list = json["links"]?.array ?? []
        for value in list where value != .null {
            let id = (value["id"] ?? value[0])?.integer
            let origin = (value["origin_id"] ?? value[1]).flatMap(Self.id)
            let slot = (value["origin_slot"] ?? value[2])?.integer
            guard let id, let origin, let slot else {
                broken += 1
                continue
            }
            links[id] = WorkflowLink(
                origin: origin == WorkflowLink.inputBorder ? .border : .node(origin), slot: slot,
                type: Self.type(value["type"] ?? value[5]))
        }
        guard broken > 0 else { return }
        issues.append(
            GraphIssue(
                .invalidGraph,
                place + "\(broken) of \(list.count) links cannot be read: "
                    + "expected [id, from node, slot, to node, slot, type]"))
    }

    private mutating func checkLinks(of node: WorkflowNode, among ids: Set<String>) {
        for slot in node.inputs {
            guard let id = slot.link else { continue }
            guard let link = links[id] else {
                note(
                    .danglingLink, "\(quoted(slot.name)) takes the link \(id), which the file does not have",
                    at: node, input: slot.name)
                continue
            }
            switch link.origin {
            case .border:
                let count = json["inputs"]?.array?.count ?? 0
                guard name == nil || !(0..<count).contains(link.slot) else { continue }
                note(
                    .danglingLink,
                    "\(quoted(slot.name)) takes input \(link.slot) of the subgraph, which has \(count)",
                    at: node, input: slot.name)
            case .node(let origin) where !ids.contains(origin):
                note(
                    .danglingLink,
                    "\(quoted(slot.name)) links to the node \(quoted(origin)), which is not there",
                    at: node, input: slot.name)
            case .node: break
            }
        }
    }

    private func ports(_ side: String) -> [WorkflowGraph.Port] {
        guard name != nil else { return [] }
        return (json[side]?.array ?? []).map { port in
            WorkflowGraph.Port(
                name: port["name"]?.string ?? "",
                links: (port["linkIds"]?.array ?? []).compactMap(\.integer))
        }
    }

    // MARK: Nodes

    private mutating func node(_ value: JSON, at index: Int) -> WorkflowNode? {
        guard let id = value["id"].flatMap(Self.id), let className = value["type"]?.string else {
            let found = value.object == nil ? value.kind : "one without"
            issues.append(
                GraphIssue(
                    .invalidGraph,
                    place + "nodes[\(index)]: expected a node with \"id\" and \"type\", found \(found)"))
            return nil
        }
        let widgets = value["widgets_values"] ?? .null
        return WorkflowNode(
            id: id, className: className, title: value["title"]?.string, mode: Self.mode(value["mode"]),
            inputs: (value["inputs"]?.array ?? []).map(Self.slot),
            outputs: (value["outputs"]?.array ?? []).map { Self.type($0["type"]) },
            widgets: widgets.array ?? [], named: value["widgets_values_named"]?.object ?? widgets.object,
            ownWidgets: value["properties"]?["proxyWidgets"]?.array.map(Self.ownWidgets))
    }

    private static func slot(_ value: JSON) -> WorkflowNode.Slot {
        WorkflowNode.Slot(
            name: value["name"]?.string ?? "", type: type(value["type"]), link: value["link"]?.integer,
            isWidget: value["widget"]?.object != nil)
    }

    private static func mode(_ value: JSON?) -> WorkflowNode.Mode {
        switch value?.integer {
        case 2: .muted
        case 4: .bypassed
        default: .active
        }
    }

    /// A list of `[inner node, widget]`, where the node -1 means an input of the subgraph.
    private static func ownWidgets(_ list: [JSON]) -> [String: Int] {
        list.enumerated().reduce(into: [:]) { own, item in
            guard item.element[0].flatMap(id) == "-1", let name = item.element[1]?.string else { return }
            own[name] = own[name] ?? item.offset
        }
    }

    /// An id, which is a text or a whole number.
    private static func id(_ value: JSON) -> String? { value.string ?? value.integer.map(String.init) }

    /// A type; files write `*`, 0 or nothing for any.
    private static func type(_ value: JSON?) -> PortType {
        guard let name = value?.string, !name.isEmpty else { return .any }
        return PortType(name)
    }

    // MARK: Issues

    private var place: String { name.map { "in the subgraph \(quoted($0)), " } ?? "" }

    private mutating func note(
        _ kind: GraphIssue.Kind, _ message: String, at node: WorkflowNode, input: String? = nil
    ) {
        issues.append(
            GraphIssue(
                kind, place + message,
                at: NodeLabel(id: node.id, title: node.title, className: node.className), input: input))
    }
}
