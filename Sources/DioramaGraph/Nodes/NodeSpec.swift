/// What a node is called and how it behaves.
public struct NodeSpec: Sendable {
    /// `class_type` in graph files.
    public var className: String
    /// What people read.
    public var title: String
    /// Where menus put it, levels divided by slashes.
    public var category: String
    /// What it does, in a sentence or two.
    public var help: String
    /// Where it runs.
    public var lane: Lane
    /// Whether a graph is run for this node's sake: it saves or shows something.
    public var isOutput: Bool
    /// Whether its result may be kept and used again for equal inputs.
    ///
    /// False for a node whose result is not decided by
    /// its inputs; it and all that depends on it then run each time.
    public var isCacheable: Bool
    /// Further words under which people look for it.
    public var searchAliases: [String]
    /// Whether a better node exists; `help` says which.
    public var isDeprecated: Bool
    /// Whether it may still change.
    public var isExperimental: Bool

    /// Describes a node.
    ///
    /// - Parameters:
    ///   - className: `class_type` in graph files, unique in a catalog.
    ///   - title: what people read; the class name when nil.
    ///   - category: where menus put it, levels divided by slashes.
    ///   - help: what it does, in a sentence or two.
    ///   - lane: where it runs.
    ///   - isOutput: whether a graph is run for this node's sake.
    ///   - isCacheable: whether equal inputs always give an equal result.
    ///   - searchAliases: further words under which people look for it.
    ///   - isDeprecated: whether a better node exists.
    ///   - isExperimental: whether it may still change.
    public init(
        _ className: String, title: String? = nil, category: String, _ help: String, lane: Lane = .compute,
        isOutput: Bool = false, isCacheable: Bool = true, searchAliases: [String] = [],
        isDeprecated: Bool = false, isExperimental: Bool = false
    ) {
        self.className = className
        self.title = title ?? className
        self.category = category
        self.help = help
        self.lane = lane
        self.isOutput = isOutput
        self.isCacheable = isCacheable
        self.searchAliases = searchAliases
        self.isDeprecated = isDeprecated
        self.isExperimental = isExperimental
    }
}
