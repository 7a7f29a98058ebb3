public import DioramaGraph

/// One thing to make: a line of the list with one seed and one cell of the grid.
public struct BatchItem: Sendable {
    /// Its place among all items of the list, from 0.
    public let ordinal: Int
    /// Where its line begins, from 1.
    public let line: Int
    /// Its place among the items of its line, from 0.
    public let index: Int
    /// What the list calls it.
    public let name: String?
    /// The texts as the encoders get them, wildcards expanded; nil where the graph has no one place for them.
    public let prompt, negative: String?
    /// Seed of the starting noise; nil where the graph has no one place for it.
    public let seed: UInt64?
    /// What else was decided: the well-known numbers, and each input that list or grid named.
    public let settings: JSON.Object
    /// The graph with everything filled in, not yet validated.
    public let graph: GraphFile
    /// Why it cannot be made, where making its texts showed it.
    let problem: String?
}

/// An item that can run.
public struct PlannedItem: Sendable {
    /// What to make.
    public let item: BatchItem
    /// The work.
    public let schedule: Schedule
    /// 16 hexadecimal digits that name what is made: a hash over everything that decides it, the identity of the model
    /// files too.
    public let id: String

    /// Plans an item.
    ///
    /// - Parameters:
    ///   - item: what to make.
    ///   - graph: its graph, validated.
    init(_ item: BatchItem, graph: Graph) {
        self.item = item
        schedule = Schedule(graph)
        id = String(schedule.identity.description.prefix(16))
    }
}
