@_exported public import DioramaJSON

/// A graph as its file says it: nodes, literals and links, not yet checked against any catalog.
///
/// The file is JSON in ComfyUI's API format:
///
/// ```json
/// {"4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd3.safetensors"}},
///  "prompt": {"class_type": "CLIPTextEncode", "_meta": {"title": "Positive"},
///             "inputs": {"text": "a fox in snow", "clip": ["4", "CLIP"]}}}
/// ```
///
/// A link is the source's id and its output, by position as in ComfyUI or by name. A literal that is itself a list is
/// written `{"__value__": [...]}`. The body of a request to ComfyUI, `{"prompt": {...}}`, is read too, and with a
/// catalog the workflows that ComfyUI's editor saves, which are converted to this form.
public struct GraphFile: Sendable, Hashable {
    /// One node of the file.
    public struct Node: Sendable, Hashable {
        /// The name by which links refer to it.
        public let id: String
        /// `class_type`.
        public let className: String
        /// `_meta.title`, nil when there is none.
        public let title: String?
        /// Literals and links by input name, in the order of the file.
        public internal(set) var inputs: JSON.Object
        /// `_meta`, unread but for the title.
        public let meta: JSON?

        /// What an input says, nil when the file does not mention it.
        ///
        /// - Parameter input: the input's name.
        /// - Returns: a link or a literal.
        public func value(of input: String) -> InputValue? { inputs[input].map(InputValue.init) }
    }

    /// The nodes in the order of the file.
    public private(set) var nodes: [Node] = []
    /// What the file wants embedded in images beside the graph (`extra_data.extra_pnginfo`); null when nothing.
    public var extraPNGInfo: JSON = .null
    private var positions: [String: Int] = [:]

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - data: JSON in UTF-8.
    ///   - catalog: the nodes there are, which name the widgets of an editor's workflow; nil reads the API format only.
    ///   - limits: the most it may hold.
    /// - Throws: `GraphError` with every place where the file is not a graph, or the first where it is not JSON.
    public init(
        data: some Sequence<UInt8>, catalog: NodeCatalog? = nil, limits: JSON.Limits = JSON.Limits()
    ) throws(GraphError) {
        let (json, duplicates): (JSON, [JSON.DuplicateKey])
        do {
            (json, duplicates) = try JSON.parsed(data, limits: limits)
        } catch {
            throw GraphError([GraphIssue(.invalidJSON, "the file is not JSON: \(error)")])
        }
        try self.init(json, duplicates: duplicates, catalog: catalog)
    }

    /// Reads a graph from a text.
    ///
    /// - Parameters:
    ///   - text: JSON.
    ///   - catalog: the nodes there are, which name the widgets of an editor's workflow; nil reads the API format only.
    /// - Throws: `GraphError` with every place where the text is not a graph, or the first where it is not JSON.
    public init(_ text: String, catalog: NodeCatalog? = nil) throws(GraphError) {
        try self.init(data: text.utf8, catalog: catalog)
    }

    /// Reads a graph from a JSON value.
    ///
    /// - Parameters:
    ///   - json: nodes by id, the body of a request, or a workflow.
    ///   - catalog: the nodes there are, which name the widgets of an editor's workflow; nil reads the API format only.
    /// - Throws: `GraphError` with every place where it is not a graph.
    public init(_ json: JSON, catalog: NodeCatalog? = nil) throws(GraphError) {
        try self.init(json, duplicates: [], catalog: catalog)
    }

    private init(
        _ json: JSON, duplicates: [JSON.DuplicateKey], catalog: NodeCatalog?
    ) throws(GraphError) {
        let reader = GraphReader(
            json, duplicates: duplicates, declarations: catalog.map(NodeDeclarations.init))
        guard reader.issues.isEmpty else { throw GraphError(reader.issues) }
        nodes = reader.nodes
        extraPNGInfo = reader.extraPNGInfo
        for (position, node) in nodes.enumerated() { positions[node.id] = position }
    }

    /// The node of an id, nil when the file has none.
    ///
    /// - Parameter id: the node's id.
    public subscript(id: String) -> Node? { positions[id].map { nodes[$0] } }

    func position(of id: String) -> Int? { positions[id] }

    /// The graph in API form, as it is embedded in images; reading it gives an equal file.
    public var json: JSON {
        .object(JSON.Object(nodes.map { ($0.id, $0.json) }))
    }

    /// Writes an input.
    ///
    /// - Parameters:
    ///   - input: the input's name; the class decides later whether it exists.
    ///   - nodeID: the node.
    ///   - value: a literal or a link.
    /// - Throws: `GraphError` when the file has no such node.
    public mutating func set(_ input: String, of nodeID: String, to value: InputValue) throws(GraphError) {
        guard let position = positions[nodeID] else {
            let nearest = Spelling.nearest(to: nodeID, in: nodes.map(\.id))
            throw GraphError([
                GraphIssue(
                    .unknownNode, nearest.asked("the graph has no node \(quoted(nodeID))"), found: nodeID,
                    suggestion: nearest)
            ])
        }
        set(input, at: position, to: value)
    }

    /// Writes an input of the node at a position.
    mutating func set(_ input: String, at position: Int, to value: InputValue) {
        nodes[position].inputs[input] = value.json
    }
}

extension GraphFile.Node {
    var json: JSON {
        var members: JSON.Object = ["inputs": .object(inputs), "class_type": .string(className)]
        members["_meta"] = meta
        return .object(members)
    }
}
