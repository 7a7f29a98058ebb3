package import DioramaGraph

/// `--set node.input=value`, read against a graph.
package struct Assignment: Sendable, Equatable {
    /// The node's id.
    package let nodeID: String
    /// The input's name.
    package let input: String
    /// What the graph shall say there: a literal, or a link as `["id", slot]`.
    package let value: JSON

    /// Reads `text` against `file`.
    ///
    /// The node is an id, else a title, else a class, of which the graph must have one. The value is JSON; for an input that takes
    /// text, only a quoted text or a link is read as JSON and all else is the text itself.
    ///
    /// - Throws: ``CommandError`` of status `usage`, with the nearest right name.
    package init(_ text: String, in file: GraphFile, catalog: NodeCatalog) throws {
        guard let equals = text.firstIndex(of: "="), text[..<equals].contains(".") else {
            throw CommandError.usage(
                "--set takes node.input=value, as in --set sampler.steps=8; found '\(text)'")
        }
        let path = text[..<equals]
        let (node, input) = try Self.target(String(path), in: file, catalog: catalog)
        nodeID = node.id
        self.input = input
        value = Self.value(
            String(text[text.index(after: equals)...]), for: catalog[node.className]?.input(named: input))
    }

    /// Ids, titles and inputs may contain dots, so every dot is tried.
    private static func target(
        _ path: String, in file: GraphFile, catalog: NodeCatalog
    ) throws -> (node: GraphFile.Node, input: String) {
        var known: (node: GraphFile.Node, input: String)?
        for dot in path.indices where path[dot] == "." {
            let word = String(path[..<dot])
            let input = String(path[path.index(after: dot)...])
            let ids = file.ids(matching: word)
            guard ids.count <= 1 else {
                throw CommandError.usage(
                    "--set \(path): \(ids.count) nodes are called '\(word)': " + ids.joined(separator: ", ")
                        + "; use the id")
            }
            guard let node = ids.first.flatMap({ file[$0] }) else { continue }
            if inputs(of: node, catalog).contains(input) { return (node, input) }
            known = known ?? (node, input)
        }
        guard let known else { throw unknownNode(path, file) }
        throw unknownInput(path, known.node, known.input, inputs(of: known.node, catalog))
    }

    private static func inputs(of node: GraphFile.Node, _ catalog: NodeCatalog) -> [String] {
        let declared = catalog[node.className]?.inputs.map(\.name) ?? []
        return declared + node.inputs.map(\.key).filter { !declared.contains($0) }
    }

    private static func unknownNode(_ path: String, _ file: GraphFile) -> CommandError {
        let word =
            path.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init)
            ?? ""
        let names = file.nodes.flatMap { [$0.id, $0.title, $0.className].compactMap(\.self) }
        let guess = Spelling.nearest(to: word, in: names).map { "; did you mean '\($0)'?" } ?? "."
        let ids = file.nodes.map { label($0.id, file) }.prefix(20).joined(separator: ", ")
        return .usage("--set \(path): the graph has no node '\(word)'\(guess) Its nodes: \(ids)")
    }

    private static func unknownInput(
        _ path: String, _ node: GraphFile.Node, _ input: String, _ inputs: [String]
    ) -> CommandError {
        let guess = Spelling.nearest(to: input, in: inputs).map { "; did you mean '\($0)'?" } ?? "."
        let name = NodeLabel(id: node.id, title: node.title, className: node.className)
        return .usage(
            "--set \(path): \(name) has no input '\(input)'\(guess) Its inputs: "
                + inputs.joined(separator: ", "))
    }

    private static func value(_ text: String, for input: InputSchema?) -> JSON {
        let parsed = try? JSON(parsing: text.utf8)
        guard let input, input.type == .string || input.options != nil else { return parsed ?? .string(text) }
        switch parsed {
        case .string(let text): return .string(text)
        case .array(let elements):
            if case .link(let link) = InputValue(.array(elements)) { return InputValue.link(link).json }
            return .string(text)
        default: return .string(text)
        }
    }
}
