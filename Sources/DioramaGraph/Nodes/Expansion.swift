import Synchronization

/// A graph that a node puts in its own place while it runs: its outputs become those of the graph's nodes.
///
/// ```swift
/// func run(_ context: RunContext) {
///     var expansion = Expansion()
///     let smaller = expansion.add("ImageScaleBy", ["image": .value(image), "scale_by": 0.5])
///     $result.link(to: smaller[0])
///     context.expand(expansion)
/// }
/// ```
///
/// The nodes run as any others do: they are checked, cached and told of, under ids below this node's. Output nodes among
/// them run too, and one of them may expand again, which makes loops.
public struct Expansion: Sendable {
    /// What an input of an added node is given.
    public enum Input: Sendable {
        /// What a graph file would say: a literal.
        case literal(JSON)
        /// A value that this node has.
        case value(any PortValue)
        /// An output of a node added before.
        case output(Output)
    }

    /// An output of an added node.
    public struct Output: Hashable, Sendable {
        /// The added node, counted from 0.
        let node: Int
        /// The output's position.
        let index: Int
    }

    /// An added node.
    public struct Added: Hashable, Sendable {
        let node: Int

        /// One of its outputs, by position.
        ///
        /// - Parameter index: the position, from 0.
        public subscript(index: Int) -> Output { Output(node: node, index: index) }
    }

    struct Node: Sendable {
        let className: String
        let title: String?
        let inputs: [(name: String, value: Input)]
    }

    private(set) var nodes: [Node] = []

    /// An empty graph.
    public init() {}

    /// Adds a node.
    ///
    /// - Parameters:
    ///   - className: its class; whether the catalog has it shows when the graph is put in place.
    ///   - inputs: its inputs by name.
    ///   - title: what people read; the class's title when nil.
    /// - Returns: the node, whose outputs can be linked.
    @discardableResult
    public mutating func add(
        _ className: String, _ inputs: KeyValuePairs<String, Input>, title: String? = nil
    ) -> Added {
        nodes.append(Node(className: className, title: title, inputs: inputs.map { ($0, $1) }))
        return Added(node: nodes.count - 1)
    }
}

extension Expansion.Input: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral
{
    /// A text.
    public init(stringLiteral value: String) { self = .literal(.string(value)) }
    /// A whole number.
    public init(integerLiteral value: Int) { self = .literal(.integer(value)) }
    /// A number.
    public init(floatLiteral value: Double) { self = .literal(.double(value)) }
    /// True or false.
    public init(booleanLiteral value: Bool) { self = .literal(.bool(value)) }
}

/// The value of an output that a node of an expansion will give.
struct ExpansionLink: PortValue {
    static let portType = PortType.any
    let output: Expansion.Output
    /// Which of the node's calls put that expansion in its place.
    private(set) var call = 0

    init(_ output: Expansion.Output) { self.output = output }

    func inCall(_ call: Int) -> ExpansionLink {
        var link = self
        link.call = call
        return link
    }
}

/// Where a call of a node leaves the graph that it puts in its place.
final class ExpansionBox: Sendable {
    private let content = Mutex<Expansion?>(nil)

    var expansion: Expansion? {
        get { content.withLock { $0 } }
        set { content.withLock { $0 = newValue } }
    }
}
