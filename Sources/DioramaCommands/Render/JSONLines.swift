package import DioramaGraph
import FoundationEssentials
import Synchronization

/// Reports a render as JSON objects, one a line.
///
/// `time` is in seconds since the render began. Paths are absolute.
///
/// | event | members |
/// |---|---|
/// | `started` | `nodes` that the outputs need, `run` and `runs` (see `--repeat`) |
/// | `cached` | `nodes`: ids of nodes whose results were known |
/// | `node_started` | `node`, `title`, `class_type`, `time` |
/// | `progress` | `node`, `step`, `total`, `time`, `rate` in steps a second |
/// | `unit` | `node`, `kind` (`block`), `name`, `index`, `count`, `time`: a part of a step, where steps take a second or more; at most one a second |
/// | `node_finished` | `node`, `seconds`, `time` |
/// | `notice` | `node`, `message`: worth knowing, no error |
/// | `artefact` | `node`, `path` |
/// | `finished` | `seconds`, `peak_memory_bytes`, `run`, `runs` |
/// | `error` | `status`, `message`; for a wrong graph `graph` in ComfyUI's shape |
package final class JSONLines: RunReporter, Sendable {
    private let output: TextOutput
    private let run: Int, runs: Int
    private let start: ContinuousClock.Instant
    private let writing = Mutex(())
    private let timers = Mutex<[String: StepTimer]>([:])
    private let lastUnit = Mutex<ContinuousClock.Instant?>(nil)

    /// A report of render number `run` (from 1) of `runs` on `output`.
    package init(output: TextOutput, run: Int, of runs: Int, start: ContinuousClock.Instant = .now) {
        self.output = output
        self.run = run
        self.runs = runs
        self.start = start
    }

    package func receive(_ event: RunEvent, at time: ContinuousClock.Instant) {
        switch event {
        case .started(let nodes): line("started", [("nodes", .integer(nodes))] + runMembers)
        case .cached(let nodes): line("cached", [("nodes", .array(nodes.map { .string($0.id) }))])
        case .nodeStarted(let node, _, let begun):
            timers.withLock { $0[node.id] = StepTimer(start: begun) }
            line(
                "node_started",
                [
                    ("node", .string(node.id)), ("title", .string(node.title)),
                    ("class_type", .string(node.className)), ("time", sinceStart(begun)),
                ])
        case .progress(let node, let step, let total): progress(node, step, total, time)
        case .unit(let node, let unit): self.unit(node, unit, time)
        case .nodeFinished(let node, let end, let duration):
            line(
                "node_finished",
                [("node", .string(node.id)), ("seconds", rounded(duration)), ("time", sinceStart(end))])
        case .artefact(let artefact):
            line("artefact", [("node", .string(artefact.node.id)), ("path", .string(artefact.file.path))])
        case .finished(let duration):
            line(
                "finished",
                [("seconds", rounded(duration)), ("peak_memory_bytes", .integer(peakMemory()))] + runMembers)
        // The command's `error` line tells of these.
        case .nodeFailed, .failed, .cancelled: break
        case .preview: break
        case .notice(let node, let message):
            line("notice", [("node", .string(node.id)), ("message", .string(message))])
        }
    }

    private var runMembers: [(String, JSON)] { [("run", .integer(run)), ("runs", .integer(runs))] }

    private func progress(_ node: NodeLabel, _ step: Int, _ total: Int, _ time: ContinuousClock.Instant) {
        let each = timers.withLock { timers in
            timers[node.id]?.note(step: step, total: total, at: time)
            return timers[node.id]?.secondsPerStep
        }
        var members: [(String, JSON)] = [
            ("node", .string(node.id)), ("step", .integer(step)), ("total", .integer(total)),
            ("time", sinceStart(time)),
        ]
        if let each, each > 0 { members.append(("rate", .double((1000 / each).rounded() / 1000))) }
        line("progress", members)
    }

    private func unit(_ node: NodeLabel, _ unit: WorkUnit, _ time: ContinuousClock.Instant) {
        guard timers.withLock({ $0[node.id]?.isSlow(at: time) }) == true else { return }
        let isDue = lastUnit.withLock { last in
            if let before = last, time - before < .seconds(1) { return false }
            last = time
            return true
        }
        guard isDue else { return }
        line(
            "unit",
            [
                ("node", .string(node.id)), ("kind", .string(unit.kind)), ("name", .string(unit.name)),
                ("index", .integer(unit.index)),
                ("count", .integer(unit.count)), ("time", sinceStart(time)),
            ])
    }

    private func line(_ event: String, _ members: [(String, JSON)]) {
        let text = JSON.object(JSON.Object([("event", .string(event))] + members)).text()
        // Events may come from several threads at once.
        writing.withLock { _ in output.line(text) }
    }

    private func sinceStart(_ time: ContinuousClock.Instant) -> JSON { rounded(time - start) }
}

/// Seconds, to a microsecond.
private func rounded(_ duration: Duration) -> JSON { .double((seconds(duration) * 1e6).rounded() / 1e6) }
