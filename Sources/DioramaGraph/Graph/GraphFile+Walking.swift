extension GraphFile {
    /// One end of a link, seen from the node that takes the value.
    public struct Wire: Hashable, Sendable {
        /// The node that takes the value.
        public let nodeID: String
        /// Its input.
        public let input: String
        /// Where the value comes from.
        public let link: Link
    }

    /// The nodes that a user's word means: the node of that id, else those of that title, else those of that class;
    /// titles and classes in any case of letters.
    ///
    /// - Parameter word: an id, a title or a class.
    /// - Returns: ids in the order of the file; several when the word is ambiguous.
    public func ids(matching word: String) -> [String] {
        if self[word] != nil { return [word] }
        let wanted = word.lowercased()
        let titled = nodes.filter { $0.title?.lowercased() == wanted }
        let found = titled.isEmpty ? nodes.filter { $0.className.lowercased() == wanted } : titled
        return found.map(\.id)
    }

    /// The links into a node, in the order of its inputs.
    ///
    /// - Parameter id: the node.
    /// - Returns: one wire for each linked input; none for an unknown node.
    public func wires(into id: String) -> [Wire] {
        self[id].map(Self.wires) ?? []
    }

    /// The links out of a node.
    ///
    /// - Parameter id: the node.
    /// - Returns: one wire for each input that takes one of its outputs, in the order of the file.
    public func wires(outOf id: String) -> [Wire] {
        nodes.flatMap { Self.wires($0).filter { $0.link.nodeID == id } }
    }

    /// The nodes that a node, or one input of it, depends on, nearest first.
    ///
    /// - Parameters:
    ///   - id: the node.
    ///   - input: the input to follow; all when nil.
    /// - Returns: ids, each once, without the node itself.
    public func upstream(of id: String, input: String? = nil) -> [String] {
        let start = wires(into: id).filter { input == nil || $0.input == input }.map(\.link.nodeID)
        return nearestFirst(from: id, start: start) { wires(into: $0).map(\.link.nodeID) }
    }

    /// The nodes that depend on a node, nearest first.
    ///
    /// - Parameter id: the node.
    /// - Returns: ids, each once, without the node itself.
    public func downstream(of id: String) -> [String] {
        var takers: [String: [String]] = [:]
        for wire in nodes.flatMap(Self.wires) { takers[wire.link.nodeID, default: []].append(wire.nodeID) }
        return nearestFirst(from: id, start: takers[id] ?? []) { takers[$0] ?? [] }
    }

    private static func wires(_ node: Node) -> [Wire] {
        node.inputs.compactMap { name, value in
            guard case .link(let link) = InputValue(value) else { return nil }
            return Wire(nodeID: node.id, input: name, link: link)
        }
    }

    private func nearestFirst(from id: String, start: [String], next: (String) -> [String]) -> [String] {
        var seen: Set<String> = [id]
        var order: [String] = []
        var front = start
        while !front.isEmpty {
            let fresh = front.filter { self[$0] != nil && seen.insert($0).inserted }
            order += fresh
            front = fresh.flatMap(next)
        }
        return order
    }
}
