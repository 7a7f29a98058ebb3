public import DioramaGraph

/// What happens while a batch runs.
public enum BatchEvent: Sendable {
    /// The list was checked; the number of items, nil while a stream is not at its end.
    case started(items: Int?)
    /// An item began.
    case itemStarted(PlannedItem)
    /// A node of an item did something.
    case node(RunEvent, of: PlannedItem)
    /// An item failed and is tried again; how often it was tried before.
    case retrying(PlannedItem, after: any Error, attempt: Int)
    /// An item is made, and its files and its line in the manifest are on the disk.
    case itemDone(ManifestEntry)
    /// An item was made by an earlier run, or is the same as an earlier one of the list.
    case itemSkipped(PlannedItem)
    /// An item failed for good; the rest goes on.
    case itemFailed(ManifestEntry)
    /// A line of the list cannot be used; the rest goes on.
    case lineFailed(ListProblem)
}

/// How a batch ended.
public struct BatchSummary: Sendable {
    /// What did not become a picture.
    public struct Failure: Sendable, Hashable {
        /// The line in the list, from 1.
        public let line: Int
        /// The place among the items of the line, from 0; nil when the line itself is wrong.
        public let index: Int?
        /// Why.
        public let message: String
    }

    /// Why a batch ended before its list.
    public enum Stop: Sendable, Hashable {
        /// Its task was cancelled.
        case cancelled
        /// Files cannot be written; the system's reason.
        case cannotWrite(String)
    }

    /// Items made now.
    public internal(set) var done = 0
    /// Files written now.
    public internal(set) var files = 0
    /// Items that were there already.
    public internal(set) var skipped = 0
    /// Items and lines that failed.
    public internal(set) var failed = 0
    /// The first 1000 failures, in the order in which they happened.
    public internal(set) var failures: [Failure] = []
    /// Why it ended early; nil when everything was tried.
    public internal(set) var stop: Stop?
    /// How long it took.
    public internal(set) var seconds = 0.0

    /// Whether nothing is left to do.
    public var isComplete: Bool { stop == nil && failed == 0 }

    mutating func note(_ failure: Failure) {
        failed += 1
        if failures.count < 1000 { failures.append(failure) }
    }
}
