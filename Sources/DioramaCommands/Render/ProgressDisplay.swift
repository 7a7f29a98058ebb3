import DioramaGraph
import Synchronization

/// Keeps the progress line of a terminal up to date while a graph renders.
///
/// The line is redrawn ten times a second, whatever the number of events, and is gone after ``close()``.
final class ProgressDisplay: RunReporter, Sendable {
    private let output: TextOutput
    private let terminal: Terminal
    private let start: ContinuousClock.Instant
    private let nodes = Mutex<[ActiveNode]>([])
    private let open = Mutex(true)

    /// Starts drawing on `output`.
    init(output: TextOutput, terminal: Terminal, start: ContinuousClock.Instant = .now) {
        self.output = output
        self.terminal = terminal
        self.start = start
        Task { [weak self] in
            while await self?.drawnAgain() == true {}
        }
    }

    func receive(_ event: RunEvent, at time: ContinuousClock.Instant) {
        nodes.withLock { nodes in
            switch event {
            case .nodeStarted(let node, _, let begun):
                nodes.append(ActiveNode(id: node.id, title: node.title, timer: StepTimer(start: begun)))
            case .progress(let node, let step, let total):
                guard let index = nodes.firstIndex(where: { $0.id == node.id }) else { return }
                nodes[index].timer.note(step: step, total: total, at: time)
            case .nodeFinished(let node, _, _): nodes.removeAll { $0.id == node.id }
            case .nodeFailed(let failure, _): nodes.removeAll { $0.id == failure.node.id }
            case .started, .cached, .preview, .notice, .artefact, .finished, .failed, .cancelled: break
            }
        }
        if case .notice(let node, let message) = event { note(noticeLine(node, message)) }
    }

    /// Shows `text` on a line of its own above the progress.
    func note(_ text: String) {
        open.withLock { _ in output.write("\r\u{1B}[K\(text)\n") }
    }

    /// Stops drawing and clears the line.
    func close() {
        open.withLock { open in
            if open { output.write("\r\u{1B}[K") }
            open = false
        }
    }

    /// Waits, then draws; false once the display is closed.
    private func drawnAgain() async -> Bool {
        try? await Task.sleep(for: .milliseconds(100))
        let state = current(at: .now)
        return open.withLock { open in
            if open, let state {
                output.write("\r" + progressLine(state, columns: terminal.columns()) + "\u{1B}[K")
            }
            return open
        }
    }

    /// What to show: of the nodes at work the one that counts steps, else the one that started last.
    private func current(at time: ContinuousClock.Instant) -> ProgressState? {
        nodes.withLock { nodes in
            guard let node = nodes.last(where: { $0.timer.total > 0 }) ?? nodes.last else { return nil }
            let timer = node.timer
            return ProgressState(
                title: node.title, step: timer.total > 0 ? timer.step : nil,
                total: timer.total > 0 ? timer.total : nil,
                secondsPerStep: timer.secondsPerStep, elapsed: seconds(time - start))
        }
    }
}

/// A node at work.
private struct ActiveNode {
    let id, title: String
    var timer: StepTimer
}
