/// A node of a graph from which another one takes a value, for checks before anything runs.
///
/// What a node gives is not known then, but what the graph says of it is: its class, its literals and where its own inputs come from.
public struct SourceNode: Sendable {
    private let file: GraphFile
    private let schemas: [NodeSchema?]
    private let position: Int
    /// How many links are between the node that asks and this one.
    private let distance: Int

    /// Farther than any node is in a graph without circles that people make; ends a walk in one that has them.
    private static let farthest = 1000

    /// The node at a position of `file`, for which `schemas` has each node's resolved declaration.
    init(_ file: GraphFile, _ schemas: [NodeSchema?], _ position: Int) {
        self.init(file, schemas, position, 0)
    }

    private init(_ file: GraphFile, _ schemas: [NodeSchema?], _ position: Int, _ distance: Int) {
        (self.file, self.schemas, self.position, self.distance) = (file, schemas, position, distance)
    }

    /// Its class.
    public var className: String { file.nodes[position].className }

    /// What the graph writes for an input.
    ///
    /// - Parameter input: the input's name.
    /// - Returns: nil for a link, and for an input that the graph does not mention.
    public func literal(_ input: String) -> JSON? {
        guard case .literal(let json) = file.nodes[position].value(of: input) else { return nil }
        return json
    }

    /// Where an input's value comes from.
    ///
    /// - Parameter input: the input's name.
    /// - Returns: nil for a literal, a link to nothing, and an input that the graph does not mention.
    public func source(of input: String) -> SourceNode? {
        guard distance < Self.farthest, case .link(let link) = file.nodes[position].value(of: input),
            let source = file.position(of: link.nodeID)
        else { return nil }
        return SourceNode(file, schemas, source, distance + 1)
    }

    /// Where the first linked input of a type takes its value from.
    ///
    /// - Parameter type: the input's type.
    /// - Returns: nil where no such input is linked, or the node's class is not known.
    public func source(ofType type: PortType) -> SourceNode? {
        schemas[position]?.inputs.lazy.filter { $0.type == type }.compactMap { source(of: $0.name) }.first
    }
}
