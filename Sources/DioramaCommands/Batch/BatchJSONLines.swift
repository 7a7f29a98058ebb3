import DioramaBatch
import DioramaGraph
import Synchronization

/// Reports a batch as JSON objects, one a line.
///
/// | event | members |
/// |---|---|
/// | `started` | `items`, null for a stream |
/// | `item_started` | `id`, `line`, `index`, `prompt`, `seed` |
/// | `progress` | `id`, `node`, `step`, `total`, `time` |
/// | `item_done`, `item_failed` | what the manifest says of it |
/// | `item_skipped` | `id`, `line`, `index` |
/// | `line_failed` | `line`, `error` |
/// | `retrying` | `id`, `line`, `attempt`, `error` |
/// | `notice` | `id`, `line`, `node`, `message` |
/// | `finished` | `done`, `skipped`, `failed`, `stopped`, `seconds`, `peak_memory_bytes` |
/// | `error` | `status`, `message` |
final class BatchJSONLines: BatchReporter, Sendable {
    private let output: TextOutput
    private let start: ContinuousClock.Instant
    private let writing = Mutex(())

    /// A report on `output`.
    init(output: TextOutput, start: ContinuousClock.Instant = .now) {
        self.output = output
        self.start = start
    }

    func receive(_ event: BatchEvent) {
        switch event {
        case .started(let items): line("started", ["items": items.map(JSON.integer) ?? .null])
        case .itemStarted(let planned):
            var members = place(planned)
            members["prompt"] = planned.item.prompt.map(JSON.string)
            members["seed"] = planned.item.seed.map { JSON($0) }
            line("item_started", members)
        case .node(.progress(let node, let step, let total), let planned):
            line(
                "progress",
                [
                    "id": .string(planned.id), "node": .string(node.id), "step": .integer(step),
                    "total": .integer(total), "time": .double((seconds(.now - start) * 1e6).rounded() / 1e6),
                ])
        case .node(.notice(let node, let message), let planned):
            var members = place(planned)
            members["node"] = .string(node.id)
            members["message"] = .string(message)
            line("notice", members)
        case .node: break
        case .retrying(let planned, let error, let attempt):
            var members = place(planned)
            members["attempt"] = .integer(attempt)
            members["error"] = .string("\(error)")
            line("retrying", members)
        case .itemDone(let entry): line("item_done", entry.json.object ?? [:])
        case .itemFailed(let entry): line("item_failed", entry.json.object ?? [:])
        case .itemSkipped(let planned): line("item_skipped", place(planned))
        case .lineFailed(let problem):
            line("line_failed", ["line": .integer(problem.line), "error": .string(problem.message)])
        }
    }

    func conclude(_ summary: BatchSummary) {
        line(
            "finished",
            [
                "done": .integer(summary.done), "skipped": .integer(summary.skipped),
                "failed": .integer(summary.failed), "stopped": .bool(summary.stop != nil),
                "seconds": .double((summary.seconds * 1e6).rounded() / 1e6),
                "peak_memory_bytes": .integer(peakMemory()),
            ])
    }

    private func place(_ planned: PlannedItem) -> JSON.Object {
        [
            "id": .string(planned.id), "line": .integer(planned.item.line),
            "index": .integer(planned.item.index),
        ]
    }

    private func line(_ event: String, _ members: JSON.Object) {
        let text = JSON.object(JSON.Object([("event", .string(event))] + members.map { ($0.key, $0.value) }))
            .text()
        // Events may come from several threads at once.
        writing.withLock { _ in output.line(text) }
    }
}
