import DioramaGraph
import Synchronization

/// Keeps the progress line of a terminal up to date while a graph renders.
final class ProgressDisplay: RunReporter, Sendable {
    private let nodes: ActiveNodes
    private let line: LiveLine

    /// Starts drawing on `output`.
    init(output: TextOutput, terminal: Terminal, start: ContinuousClock.Instant = .now) {
        let nodes = ActiveNodes()
        self.nodes = nodes
        line = LiveLine(output: output, terminal: terminal) { columns in
            nodes.state(at: .now, since: start).map { progressLine($0, columns: columns) }
        }
    }

    func receive(_ event: RunEvent, at time: ContinuousClock.Instant) {
        nodes.receive(event, at: time)
        if case .notice(let node, let message) = event { note(noticeLine(node, message)) }
    }

    /// Shows `text` on a line of its own above the progress.
    func note(_ text: String) { line.note(text) }

    /// Stops drawing and clears the line.
    func close() { line.close() }
}

/// The nodes of a render that are at work.
final class ActiveNodes: Sendable {
    private struct Node {
        let id, title: String
        var timer: StepTimer
        var unit: WorkUnit?
    }

    private let nodes = Mutex<[Node]>([])

    /// Takes note of an event.
    func receive(_ event: RunEvent, at time: ContinuousClock.Instant) {
        nodes.withLock { nodes in
            switch event {
            case .nodeStarted(let node, _, let begun):
                nodes.append(Node(id: node.id, title: node.title, timer: StepTimer(start: begun)))
            case .progress(let node, let step, let total):
                guard let index = nodes.firstIndex(where: { $0.id == node.id }) else { return }
                nodes[index].timer.note(step: step, total: total, at: time)
            case .unit(let node, let unit):
                guard let index = nodes.firstIndex(where: { $0.id == node.id }) else { return }
                nodes[index].unit = unit
            case .nodeFinished(let node, _, _): nodes.removeAll { $0.id == node.id }
            case .nodeFailed(let failure, _): nodes.removeAll { $0.id == failure.node.id }
            case .started, .cached, .preview, .notice, .artefact, .finished, .failed, .cancelled: break
            }
        }
    }

    /// What to show: of the nodes at work the one that counts steps, else the one that started last.
    func state(at time: ContinuousClock.Instant, since start: ContinuousClock.Instant) -> ProgressState? {
        nodes.withLock { nodes in
            guard let node = nodes.last(where: { $0.timer.total > 0 }) ?? nodes.last else { return nil }
            let timer = node.timer
            let unit = timer.isSlow(at: time) ? node.unit : nil
            return ProgressState(
                title: node.title, step: timer.total > 0 ? timer.step : nil,
                total: timer.total > 0 ? timer.total : nil,
                unit: unit.map { "\($0.kind) \($0.index + 1)/\($0.count)" },
                secondsPerStep: timer.secondsPerStep, elapsed: seconds(time - start))
        }
    }
}
