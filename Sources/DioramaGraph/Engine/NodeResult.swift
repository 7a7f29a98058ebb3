import Synchronization

/// What a node made.
struct NodeResult: Sendable {
    /// For each output the values it gave: one, or any number after lists.
    var values: [[any PortValue]]
    var artefacts: [Artefact]
    /// What the node could not do because its inputs were blocked, a sentence each; the rest is made.
    var problems: [String] = []
    /// The graphs that calls of the node put in their places; some of `values` are then links into them.
    var expansions: [(call: Int, graph: Expansion)] = []
    /// How many nodes ran: more than one where graphs took its place.
    var nodesRun = 1

    /// What it costs to keep, with a little for the entry itself.
    var byteCount: Int {
        values.joined().reduce(256) { sum, value in
            let (total, overflow) = sum.addingReportingOverflow(max(0, value.byteCount))
            return overflow ? .max : total
        }
    }
}

/// The values of a node's linked inputs on their way into the node.
///
/// Whoever takes them is the only one to hold them: they are freed when the node ends, not when its task has been
/// cleared away.
final class Handover: Sendable {
    private let values: Mutex<[[any PortValue]?]>

    /// Holds values until they are taken.
    ///
    /// - Parameter values: one list an input, nil where it is not linked.
    init(_ values: [[any PortValue]?]) { self.values = Mutex(values) }

    /// Frees the values.
    func drop() { _ = take() }

    /// Gives the values away.
    ///
    /// - Returns: the values the first time, nothing later.
    func take() -> [[any PortValue]?] {
        values.withLock { values in
            defer { values = [] }
            return values
        }
    }
}

/// What the calls of a node report, from whatever thread.
final class CallReports: Sendable {
    private let notes = Mutex<(artefacts: [Artefact], problems: [String])>(([], []))

    var artefacts: [Artefact] { notes.withLock { $0.artefacts } }
    /// Each sentence once.
    var problems: [String] { notes.withLock { $0.problems } }

    func note(_ artefact: Artefact) { notes.withLock { $0.artefacts.append(artefact) } }

    func note(problem: String) {
        notes.withLock { if !$0.problems.contains(problem) { $0.problems.append(problem) } }
    }
}
