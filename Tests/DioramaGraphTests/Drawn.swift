import DioramaGraph

/// Writes workflows as ComfyUI's editor does.
enum Drawn {
    /// An input of a node.
    static func slot(_ name: String, _ link: Int?, type: String = "INT", isWidget: Bool = false) -> JSON {
        var slot: JSON.Object = [
            "name": .string(name), "type": .string(type), "link": link.map(JSON.integer) ?? .null,
        ]
        if isWidget { slot["widget"] = ["name": .string(name)] }
        return .object(slot)
    }

    /// A node; `more` replaces or adds members.
    static func node(
        _ id: JSON, _ type: String, _ inputs: [JSON] = [], gives: [String] = ["INT"], widgets: JSON = [],
        mode: Int = 0, more: JSON.Object = [:]
    ) -> JSON {
        var node: JSON.Object = [
            "id": id, "type": .string(type), "mode": .integer(mode), "inputs": .array(inputs),
            "outputs": .array(gives.map { ["name": .string($0), "type": .string($0)] }),
            "widgets_values": widgets,
        ]
        for (name, value) in more { node[name] = value }
        return .object(node)
    }

    /// A workflow; a link is `[id, from, slot, to, slot, type]`.
    static func workflow(_ nodes: [JSON], links: [JSON], subgraphs: [JSON] = []) -> JSON {
        [
            "nodes": .array(nodes), "links": .array(links), "groups": [], "version": 0.4,
            "definitions": ["subgraphs": .array(subgraphs)],
        ]
    }

    /// What a subgraph stands for; its links are given as those of a workflow, -10 and -20 are its borders.
    static func subgraph(
        _ id: String, _ name: String, _ nodes: [JSON], links: [JSON],
        inputs: KeyValuePairs<String, [Int]> = [:], outputs: KeyValuePairs<String, [Int]> = [:]
    ) -> JSON {
        func ports(_ list: KeyValuePairs<String, [Int]>) -> JSON {
            .array(
                list.map { ["name": .string($0.key), "linkIds": .array($0.value.map(JSON.integer))] })
        }
        let names = ["id", "origin_id", "origin_slot", "target_id", "target_slot", "type"]
        return [
            "id": .string(id), "name": .string(name), "nodes": .array(nodes),
            "links": .array(links.map { .object(JSON.Object(zip(names, $0.array ?? []))) }),
            "inputs": ports(inputs), "outputs": ports(outputs),
        ]
    }
}
