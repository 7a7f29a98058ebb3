#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// Which node an event or error is about.
public struct NodeLabel: Hashable, Sendable, CustomStringConvertible {
    /// The id in the graph.
    public let id: String
    /// The title in the graph; the class's title when the graph gives none.
    public let title: String
    /// The class.
    public let className: String

    /// Names a node.
    ///
    /// - Parameters:
    ///   - id: the id in the graph.
    ///   - title: the title in the graph; the class when nil.
    ///   - className: the class.
    public init(id: String, title: String? = nil, className: String) {
        self.id = id
        self.title = title ?? className
        self.className = className
    }

    /// `3 (KSampler)`, or with a title of its own `3 (KSampler "Refine")`.
    public var description: String {
        let name = title == className ? brief(className) : "\(brief(className)) \(quoted(title))"
        return "\(brief(id)) (\(name))"
    }
}

/// A small encoded picture of what a node is making.
public struct Preview: Hashable, Sendable {
    /// The media type of the bytes: `image/png` or `image/jpeg`.
    public let mediaType: String
    /// The encoded picture.
    public let bytes: [UInt8]

    /// A picture.
    ///
    /// - Parameters:
    ///   - mediaType: the media type of the bytes.
    ///   - bytes: the encoded picture.
    public init(mediaType: String, bytes: [UInt8]) {
        self.mediaType = mediaType
        self.bytes = bytes
    }
}

/// A file that a node made.
public struct Artefact: Hashable, Sendable {
    /// Which node made it.
    public let node: NodeLabel
    /// Where it is.
    public let file: URL

    /// Names a file and its maker.
    ///
    /// - Parameters:
    ///   - node: which node made it.
    ///   - file: where it is.
    public init(node: NodeLabel, file: URL) {
        self.node = node
        self.file = file
    }
}

/// A part of a node's step that has been worked off, such as one block of a model: for traces and long steps.
public struct WorkUnit: Hashable, Sendable {
    /// What sort of unit it is, a word: `block`.
    public let kind: String
    /// Which one it is, for people: `joint block 3`.
    public let name: String
    /// Its place in a pass over all of them, from 0; a step may take several passes.
    public let index: Int
    /// How many there are in a pass.
    public let count: Int
    /// When it began.
    public let start: ContinuousClock.Instant
    /// When it ended.
    public let end: ContinuousClock.Instant

    /// Describes a unit.
    ///
    /// - Parameters:
    ///   - kind: what sort of unit it is, a word.
    ///   - name: which one it is, for people.
    ///   - index: its place in a pass over all of them, from 0.
    ///   - count: how many there are in a pass.
    ///   - start: when it began.
    ///   - end: when it ended.
    public init(
        kind: String, name: String, index: Int, of count: Int, start: ContinuousClock.Instant,
        end: ContinuousClock.Instant
    ) {
        self.kind = kind
        self.name = name
        self.index = index
        self.count = count
        self.start = start
        self.end = end
    }
}

/// What happens while a schedule runs, in order.
///
/// A run begins with `started` and ends with exactly one of `finished`, `failed` and `cancelled`. Times are of the
/// continuous clock. Nodes overlap, so events of several nodes may alternate.
public enum RunEvent: Sendable {
    /// The run begins; so many nodes of the graph are needed.
    case started(nodes: Int)
    /// These nodes do not run: their results are known, or the same as those of another node.
    case cached([NodeLabel])
    /// A node begins.
    case nodeStarted(NodeLabel, lane: Lane, at: ContinuousClock.Instant)
    /// A node has done so many of its steps.
    case progress(NodeLabel, step: Int, total: Int)
    /// A node has worked off a part of a step.
    case unit(NodeLabel, WorkUnit)
    /// A node shows what it is making.
    case preview(NodeLabel, Preview)
    /// A node tells of something that is no error but worth knowing, such as a prompt cut short.
    case notice(NodeLabel, String)
    /// A node has written a file, now or when its kept result was made.
    case artefact(Artefact)
    /// A node has ended well.
    case nodeFinished(NodeLabel, at: ContinuousClock.Instant, duration: Duration)
    /// A node has failed; what depends on it will not run, the rest goes on.
    case nodeFailed(NodeFailure, at: ContinuousClock.Instant)
    /// Everything asked for is done.
    case finished(Duration)
    /// Everything that could be done is done, and at least one node failed.
    case failed(RunFailure, Duration)
    /// The run was stopped.
    case cancelled(Duration)
}

/// One node's failure.
public struct NodeFailure: Error, CustomStringConvertible {
    /// Which node failed.
    public let node: NodeLabel
    /// What it threw.
    public let underlying: any Error

    /// What it threw, as a sentence.
    public var message: String { "\(underlying)" }

    /// The node, then what it threw.
    public var description: String { "\(node): \(message)" }
}

/// A run in which nodes failed.
public struct RunFailure: Error, CustomStringConvertible {
    /// Every node that failed, in the order of the schedule; at least one.
    public let failures: [NodeFailure]
    /// The nodes that did not run because they depend on those.
    public let skipped: [NodeLabel]
    /// What was made all the same.
    public let partial: RunResult

    /// One line a failure.
    public var description: String { failures.map(\.description).joined(separator: "\n") }
}
