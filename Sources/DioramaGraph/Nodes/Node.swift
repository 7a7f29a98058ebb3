/// One kind of work in a graph.
///
/// A node is a struct whose properties are its sockets and widgets. The declaration is its schema, its help and its
/// documentation; the engine fills the inputs, calls `run` and takes the outputs.
///
/// ```swift
/// struct Repeat: Node {
///     static let spec = NodeSpec("RepeatText", title: "Repeat Text", category: "text", "Writes a text several times.")
///
///     @Input("What to repeat.") var text: String
///     @Input("How many times.", in: 1...100) var times = 2
///     @Output("The repeated text.") var result: String
///
///     func run(_ context: RunContext) {
///         result = String(repeating: text, count: times)
///     }
/// }
/// ```
///
/// An instance serves one call and never leaves it, so nodes need not be `Sendable`. A node's result depends on its
/// inputs, on the files that `fingerprint` names, and on nothing else: results are kept under that key.
public protocol Node: SendableMetatype {
    /// The node's name, place and behaviour.
    static var spec: NodeSpec { get }

    /// An instance whose inputs are not filled yet.
    init()

    /// Does the work: reads the inputs and sets every output.
    ///
    /// Runs on a thread of the node's lane, where it may block.
    ///
    /// - Parameter context: progress, cancellation, folders and shared resources.
    /// - Throws: anything; the engine adds which node failed. `context.fail($input, "...")` names the input too.
    func run(_ context: RunContext) async throws

    /// Which of the lazy inputs that have no value yet the node needs, by name: `$onTrue.isPending ? [$onTrue.name] : []`.
    ///
    /// Called when the other inputs have their values, and again when what it named has come, until it names nothing new;
    /// then the node runs. An input that was not asked for must not be read.
    ///
    /// - Returns: names of linked lazy inputs; nil (the default) for all of them.
    /// - Throws: anything, as `run` does.
    func checkLazy() throws -> [String]?

    /// Further problems of the literal inputs, in the node's own words; called before anything runs.
    ///
    /// Linked inputs have no value yet: read `$input.literal`, which is nil for them.
    ///
    /// - Parameter environment: folders and shared resources.
    /// - Returns: what is wrong, empty when nothing is.
    func validate(_ environment: RunEnvironment) -> [InputProblem]

    /// Problems of this node together with those from which its inputs come; called before anything runs.
    ///
    /// - Parameters:
    ///   - environment: folders and shared resources.
    ///   - node: this node as the graph has it, from which links lead to others.
    /// - Returns: what is wrong, empty when nothing is.
    func validate(_ environment: RunEnvironment, in node: SourceNode) -> [InputProblem]

    /// What the result depends on besides the inputs, such as the identity of a file; part of the cache key.
    ///
    /// Linked inputs have no value yet: read `$input.literal`, which is nil for them.
    ///
    /// - Parameter environment: folders and shared resources.
    /// - Returns: a text that changes when the node must run again; nil (the default) when only inputs matter.
    /// - Throws: anything; then the result is not kept.
    func fingerprint(_ environment: RunEnvironment) throws -> String?
}

extension Node {
    /// All of them.
    ///
    /// - Returns: nil.
    public func checkLazy() -> [String]? { nil }

    /// No further problems.
    ///
    /// - Parameter environment: folders and shared resources.
    /// - Returns: an empty list.
    public func validate(_ environment: RunEnvironment) -> [InputProblem] { [] }

    /// No problems with other nodes.
    ///
    /// - Parameters:
    ///   - environment: folders and shared resources.
    ///   - node: this node as the graph has it.
    /// - Returns: an empty list.
    public func validate(_ environment: RunEnvironment, in node: SourceNode) -> [InputProblem] { [] }

    /// The inputs are all that matters.
    ///
    /// - Parameter environment: folders and shared resources.
    /// - Returns: nil.
    public func fingerprint(_ environment: RunEnvironment) -> String? { nil }
}

/// A problem that a node finds with an input before it runs.
public struct InputProblem: Hashable, Sendable {
    /// The input's name in the graph, nil when the problem is the node as a whole.
    public let input: String?
    /// One sentence: what is wrong and what to do.
    public let message: String

    /// A problem with an input, or with the node as a whole.
    ///
    /// - Parameters:
    ///   - input: the input's name in the graph.
    ///   - message: one sentence.
    public init(_ input: String?, _ message: String) {
        self.input = input
        self.message = message
    }
}

/// Where a node runs.
public enum Lane: String, Sendable, Hashable, CaseIterable {
    /// Numbers: one node at a time, which may use every core.
    case compute
    /// Files and waiting: several nodes at once beside the compute lane.
    case io
}
