/// How many items a list's lines have, and how they are made.
public struct BatchOptions: Sendable {
    /// Items with successive seeds for each line and each cell of the grid; at least 1.
    public var count = 1
    /// Settings that take several values in turn, for every line.
    public var grid: [GridAxis] = []
    /// What happens to choices in prompts.
    public var wildcards = Wildcards()
    /// How files are called; nil for the list's own names, or names made of prompt and content.
    public var namePattern: NamePattern?
    /// How often a failed item is tried again; at least 0.
    public var retries = 0
    /// Items under way at once: while one computes, others are read and written. At least 1.
    public var inFlight = 3
    /// Which part of the items this process makes; nil for all.
    public var shard: Shard?

    /// One item a line, all of them.
    public init() {}
}

/// One of several equal parts of a batch, each for a process of its own.
public struct Shard: Sendable, Hashable, CustomStringConvertible {
    /// From 0 to `count - 1`.
    public let index: Int
    /// How many parts there are, at least 1.
    public let count: Int

    /// A part.
    ///
    /// - Parameters:
    ///   - index: from 0 to `count - 1`; nil comes back for others.
    ///   - count: how many parts there are.
    public init?(_ index: Int, of count: Int) {
        guard count > 0, (0..<count).contains(index) else { return nil }
        self.index = index
        self.count = count
    }

    /// Whether an item is in this part: item k is in part k mod n.
    ///
    /// - Parameter ordinal: the item's place in the list, from 0.
    public func contains(_ ordinal: Int) -> Bool { ordinal % count == index }

    /// `0/4`.
    public var description: String { "\(index)/\(count)" }
}
