/// A value for an input that is named as `node.input`.
public struct Assignment: Sendable, Hashable {
    /// What the input shall say.
    public enum Value: Sendable, Hashable {
        /// As written by hand: JSON; for an input that takes text, only a quoted text or a link is read as JSON, and
        /// all else is the text itself.
        case text(String)
        /// As it stands: a literal, or a link as `["id", slot]`.
        case json(JSON)
    }

    /// Where an assignment leads in a graph.
    public struct Target: Sendable, Hashable {
        /// The node's id and the input's name.
        public let place: GraphSettings.Place
        /// How the catalog declares the input; nil where it does not have it.
        let takesText: Bool

        /// What the graph shall say there.
        ///
        /// - Parameter value: what was asked for.
        /// - Returns: a literal, or a link as `["id", slot]`.
        public func json(_ value: Value) -> JSON {
            switch value {
            case .json(let json): json
            case .text(let text):
                takesText ? Self.text(text) : (try? JSON(parsing: text.utf8)) ?? .string(text)
            }
        }

        private static func text(_ text: String) -> JSON {
            switch try? JSON(parsing: text.utf8) {
            case .string(let text): return .string(text)
            case .array(let elements):
                if case .link(let link) = InputValue(.array(elements)) { return InputValue.link(link).json }
                return .string(text)
            default: return .string(text)
            }
        }
    }

    /// Node and input; the node is an id, else a title, else a class.
    public let path: String
    /// What the input shall say.
    public let value: Value

    /// An assignment that is not yet read against a graph.
    ///
    /// - Parameters:
    ///   - path: `node.input`; the node is an id, else a title, else a class.
    ///   - value: what the input shall say.
    public init(_ path: String, _ value: Value) {
        self.path = path
        self.value = value
    }

    /// Reads `node.input=value`.
    ///
    /// - Parameter text: what a user wrote; nil comes back when it has not this form.
    public init?(_ text: String) {
        guard let equals = text.firstIndex(of: "="), text[..<equals].contains(".") else { return nil }
        self.init(String(text[..<equals]), .text(String(text[text.index(after: equals)...])))
    }

    /// Where the path leads.
    ///
    /// - Parameters:
    ///   - file: the graph, which must have one node of the name.
    ///   - catalog: tells what inputs the nodes have.
    /// - Returns: the input.
    /// - Throws: `SettingError` with the nearest right name.
    public func target(in file: GraphFile, catalog: NodeCatalog) throws(SettingError) -> Target {
        let (node, input) = try search(file, catalog)
        let schema = catalog[node.className]?.input(named: input)
        return Target(
            place: GraphSettings.Place(nodeID: node.id, input: input),
            takesText: schema.map { $0.type == .string || $0.options != nil } ?? false)
    }

    /// Ids, titles and inputs may contain dots, so every dot is tried.
    private func search(
        _ file: GraphFile, _ catalog: NodeCatalog
    ) throws(SettingError) -> (node: GraphFile.Node, input: String) {
        var known: (node: GraphFile.Node, input: String)?
        for dot in path.indices where path[dot] == "." {
            let word = String(path[..<dot])
            let input = String(path[path.index(after: dot)...])
            let ids = file.ids(matching: word)
            guard ids.count <= 1 else {
                throw fail(
                    "\(ids.count) nodes are called '\(word)': \(ids.joined(separator: ", ")); use the id")
            }
            guard let node = ids.first.flatMap({ file[$0] }) else { continue }
            if Self.inputs(of: node, catalog).contains(input) { return (node, input) }
            known = known ?? (node, input)
        }
        guard let known else { throw unknownNode(file) }
        throw unknownInput(known.node, known.input, Self.inputs(of: known.node, catalog))
    }

    private static func inputs(of node: GraphFile.Node, _ catalog: NodeCatalog) -> [String] {
        let declared = catalog[node.className]?.inputs.map(\.name) ?? []
        return declared + node.inputs.map(\.key).filter { !declared.contains($0) }
    }

    private func unknownNode(_ file: GraphFile) -> SettingError {
        let word =
            path.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init)
            ?? ""
        let names = file.nodes.flatMap { [$0.id, $0.title, $0.className].compactMap(\.self) }
        let guess = Spelling.nearest(to: word, in: names).map { "; did you mean '\($0)'?" } ?? "."
        let labels = file.nodes.prefix(20).map { NodeLabel($0).description }.joined(separator: ", ")
        return fail("the graph has no node '\(word)'\(guess) Its nodes: \(labels)")
    }

    private func unknownInput(_ node: GraphFile.Node, _ input: String, _ inputs: [String]) -> SettingError {
        let guess = Spelling.nearest(to: input, in: inputs).map { "; did you mean '\($0)'?" } ?? "."
        return fail(
            "\(NodeLabel(node)) has no input '\(input)'\(guess) Its inputs: " + inputs.joined(separator: ", ")
        )
    }

    private func fail(_ problem: String) -> SettingError { SettingError(.input(path), problem) }
}

extension NodeLabel {
    /// The label of a node of a file.
    init(_ node: GraphFile.Node) { self.init(id: node.id, title: node.title, className: node.className) }
}
