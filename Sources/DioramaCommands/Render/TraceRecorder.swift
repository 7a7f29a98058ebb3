package import DioramaGraph
package import DioramaTensor
import Synchronization

/// Collects what a render did and when, and writes it as a Chrome trace.
///
/// Nodes that overlap get a row each; their steps lie inside them, and a model's blocks inside those. Tensor operations have a row of their own. Open the file in
/// Perfetto or chrome://tracing ([format](https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU)).
package final class TraceRecorder: OpObserver, Sendable {
    /// The most operations kept; no viewer loads a trace with more.
    ///
    /// Those beyond are counted, and the file says how many they were.
    package static let largestCount = 1_000_000

    private let origin: ContinuousClock.Instant
    private let state = Mutex(State())

    /// A trace whose time starts at `origin`.
    package init(origin: ContinuousClock.Instant = .now) { self.origin = origin }

    /// A node began.
    package func nodeStarted(_ id: String, title: String, className: String, at time: ContinuousClock.Instant)
    {
        state.withLock { state in
            let row =
                (0...state.open.count).first { row in !state.open.values.contains { $0.row == row } } ?? 0
            state.open[id] = OpenNode(
                row: row, title: title, className: className, start: time, stepStart: time)
        }
    }

    /// A node has done `step` of its `total` steps.
    package func stepFinished(_ id: String, step: Int, total: Int, at time: ContinuousClock.Instant) {
        state.withLock { state in
            guard var node = state.open[id] else { return }
            // Step 0 of n says that the stepping begins.
            if step > 0 {
                state.spans.append(
                    Span(
                        name: "step \(step)/\(total)", category: "step", row: node.row, start: node.stepStart,
                        end: time, arguments: JSON.Object([("node", .string(id))])))
            }
            node.stepStart = time
            state.open[id] = node
        }
    }

    /// A node has worked off a part of a step.
    package func unitFinished(_ id: String, _ unit: WorkUnit) {
        state.withLock { state in
            guard let node = state.open[id] else { return }
            state.spans.append(
                Span(
                    name: unit.name, category: unit.kind, row: node.row, start: unit.start, end: unit.end,
                    arguments: JSON.Object([
                        ("node", .string(id)), ("index", .integer(unit.index)),
                        ("count", .integer(unit.count)),
                    ])))
        }
    }

    /// A node ended; `outcome` is a word for the trace: `done`, `failed`.
    package func nodeFinished(_ id: String, outcome: String, at time: ContinuousClock.Instant) {
        state.withLock { state in
            guard let node = state.open.removeValue(forKey: id) else { return }
            state.spans.append(node.span(id: id, until: time, outcome: outcome))
        }
    }

    /// A tensor operation ended.
    package func record(_ event: OpEvent) {
        state.withLock { state in
            if state.ops.count < Self.largestCount { state.ops.append(event) } else { state.dropped += 1 }
        }
    }

    /// The trace as text; nodes that are still at work end at `time` with the outcome `stopped`.
    package func json(at time: ContinuousClock.Instant = .now) -> String {
        let state = state.withLock { $0 }
        let spans = state.spans + state.open.map { $1.span(id: $0, until: time, outcome: "stopped") }
        let rows = (spans.map(\.row).max() ?? 0) + 1

        var events: [JSON] = [Self.metadata("process_name", tid: 0, "diorama")]
        events += (0..<rows).map {
            Self.metadata("thread_name", tid: 1 + $0, $0 == 0 ? "nodes" : "nodes \($0 + 1)")
        }
        events.append(Self.metadata("thread_name", tid: 1 + rows, "tensor operations"))
        events += spans.sorted { ($0.start, $1.end) < ($1.start, $0.end) }.map { span in
            event(
                span.name, span.category, tid: 1 + span.row, span.start, span.end - span.start, span.arguments
            )
        }
        events += state.ops.map { op in
            event(
                op.name, "op", tid: 1 + rows, op.start, op.duration,
                JSON.Object([
                    ("shapes", .string(op.shapes)), ("bytes_allocated", .integer(op.bytesAllocated)),
                ]))
        }
        var other = JSON.Object([("peak_memory_bytes", JSON.integer(peakMemory()))])
        if state.dropped > 0 { other["dropped_operations"] = .integer(state.dropped) }
        let trace: JSON = [
            "displayTimeUnit": "ms", "traceEvents": .array(events), "otherData": .object(other),
        ]
        return trace.text()
    }

    private func event(
        _ name: String, _ category: String, tid: Int, _ start: ContinuousClock.Instant, _ duration: Duration,
        _ arguments: JSON.Object
    ) -> JSON {
        [
            "name": .string(name), "cat": .string(category), "ph": "X", "pid": 1, "tid": .integer(tid),
            "ts": .double(microseconds(start - origin)), "dur": .double(microseconds(duration)),
            "args": .object(arguments),
        ]
    }

    private static func metadata(_ name: String, tid: Int, _ text: String) -> JSON {
        ["name": .string(name), "ph": "M", "pid": 1, "tid": .integer(tid), "args": ["name": .string(text)]]
    }
}

/// What has been recorded.
private struct State {
    var open: [String: OpenNode] = [:]
    var spans: [Span] = []
    var ops: [OpEvent] = []
    var dropped = 0
}

/// A node at work.
private struct OpenNode {
    let row: Int
    let title, className: String
    let start: ContinuousClock.Instant
    var stepStart: ContinuousClock.Instant

    func span(id: String, until end: ContinuousClock.Instant, outcome: String) -> Span {
        Span(
            name: title, category: "node", row: row, start: start, end: end,
            arguments: JSON.Object([
                ("node", .string(id)), ("class_type", .string(className)), ("outcome", .string(outcome)),
            ]))
    }
}

/// A node, a step or a unit that ended.
private struct Span {
    let name, category: String
    let row: Int
    let start, end: ContinuousClock.Instant
    let arguments: JSON.Object
}

/// `duration` in microseconds.
private func microseconds(_ duration: Duration) -> Double {
    let (seconds, attoseconds) = duration.components
    return Double(seconds) * 1e6 + Double(attoseconds / 1_000_000_000) / 1e3
}
