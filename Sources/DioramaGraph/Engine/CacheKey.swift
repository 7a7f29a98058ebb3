/// What a node's result is decided by, as a hash: its class, its literals, its ancestors' keys and its fingerprint.
///
/// Ids and titles of nodes are not part of it, so equal subgraphs share their results, within a graph and across graphs.
public struct CacheKey: Hashable, Sendable, CustomStringConvertible {
    private let high: UInt64
    private let low: UInt64

    package init(_ hash: consuming StableHash) { (high, low) = hash.finalize() }

    func hash(into hash: inout StableHash) {
        hash.update(field: high)
        hash.update(field: low)
    }

    /// 32 hexadecimal digits.
    public var description: String {
        [high, low].map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}

extension CacheKey {
    /// The key of a node whose ancestors' keys are known.
    ///
    /// - Parameters:
    ///   - node: the node.
    ///   - graph: its graph.
    ///   - keys: the keys by position of node; nil where a result is never kept.
    ///   - prompt: the hash of the whole graph; needed for nodes whose result depends on it.
    /// - Returns: nil when the result is never kept: the class says so, an ancestor's is not, or the fingerprint failed.
    static func key(
        of node: Graph.Node, in graph: Graph, keys: [CacheKey?], prompt: CacheKey?
    ) -> CacheKey? {
        guard node.schema.spec.isCacheable else { return nil }
        var hash = StableHash()
        hash.update(field: node.schema.spec.className)
        let inputs = zip(node.schema.inputs, node.bindings).sorted { $0.0.name < $1.0.name }
        for (input, binding) in inputs {
            hash.update(field: input.name)
            switch binding {
            case .literal(let value): hash.update(field: "literal " + value.json.text())
            case .declared: hash.update(field: input.defaultValue.map { "literal " + $0.text() } ?? "nothing")
            case .link(let source, let output):
                guard let key = keys[source] else { return nil }
                hash.update(field: "link")
                key.hash(into: &hash)
                hash.update(field: output)
            }
        }
        if node.schema.hidden.contains(where: { $0.kind == .uniqueID }) { hash.update(field: node.label.id) }
        if node.dependsOnWholeGraph { prompt?.hash(into: &hash) }
        do {
            let instance = node.type.init()
            instance.filled(node.schema, node.bindings)
            if let fingerprint = try instance.fingerprint(graph.environment) {
                hash.update(field: fingerprint)
            }
        } catch {
            return nil
        }
        return CacheKey(hash)
    }

    /// The key of a graph as a whole.
    ///
    /// - Parameter graph: its text and what is embedded beside it count.
    init(wholeOf graph: Graph) {
        var hash = StableHash()
        hash.update(field: graph.json.text())
        hash.update(field: graph.file.extraPNGInfo.text())
        self.init(hash)
    }
}

extension Graph.Node {
    /// Whether the result changes with the text of the graph.
    ///
    /// Output nodes embed that text in what they save; their result is the saved picture all the same.
    var dependsOnWholeGraph: Bool {
        !schema.spec.isOutput && schema.hidden.contains { $0.kind != .uniqueID }
    }
}
