import DioramaBatch
import Synchronization

/// What the line about a batch shows at one moment.
package struct BatchProgress: Sendable, Equatable {
    /// Items that were to be made; nil for a stream.
    package var items: Int?
    /// Items made now.
    package var made = 0
    /// Items that are made, were there, or failed.
    package var settled = 0
    /// Items and lines that failed.
    package var failed = 0
    /// What is made at the moment.
    package var title = ""
    /// The node at work and its steps.
    package var node: ProgressState?
    /// Seconds since the batch began.
    package var elapsed = 0.0

    /// A batch at its beginning.
    package init(items: Int?) { self.items = items }

    /// The line, in at most `columns - 1` characters:
    /// `37/200  a red fox  ━━━━━━━━────────  KSampler 5/20  1.8 a second  1:32 left  20.5 s`.
    package func line(columns: Int) -> String {
        var figures: [String] = []
        if let node {
            let steps = node.step.flatMap { step in node.total.map { " \(step)/\($0)" } } ?? ""
            figures.append(node.title + steps)
        }
        if failed > 0 { figures.append("\(failed) failed") }
        if made > 0, elapsed > 0 {
            let rate = Double(made) / elapsed
            figures.append(rate >= 1 ? "\(fixed(rate, 1)) a second" : "\(fixed(1 / rate, 1)) s each")
            if let items, items > settled { figures.append(clock(Double(items - settled) / rate) + " left") }
        }
        figures.append(clock(elapsed))
        let count = items.map { "\(settled)/\($0)" } ?? "\(settled)"
        let fraction = items.map { $0 > 0 ? Double(min(settled, $0)) / Double($0) : 1 }
        // The title gives way to the figures; forty characters say which line it is.
        let name = title.isEmpty ? count : "\(count)  \(title.prefix(40))"
        return liveLine(name, figures: figures, fraction: fraction, columns: columns)
    }
}

/// Keeps a line about the whole batch and the item at work up to date on a terminal.
final class BatchDisplay: BatchReporter, Sendable {
    private let progress: Progress
    private let line: LiveLine

    /// Starts drawing on `output`.
    init(output: TextOutput, terminal: Terminal, items: Int?, start: ContinuousClock.Instant = .now) {
        let progress = Progress(items: items, start: start)
        self.progress = progress
        line = LiveLine(output: output, terminal: terminal) { progress.line(columns: $0) }
    }

    func receive(_ event: BatchEvent) {
        progress.receive(event)
        if let text = event.remark { note(printable("diorama: note: \(text)")) }
    }

    func note(_ text: String) { line.note(text) }

    func close() { line.close() }

    /// What the line shows, gathered from the events.
    private final class Progress: Sendable {
        private let state: Mutex<BatchProgress>
        private let nodes = ActiveNodes()
        private let start: ContinuousClock.Instant

        init(items: Int?, start: ContinuousClock.Instant) {
            state = Mutex(BatchProgress(items: items))
            self.start = start
        }

        func receive(_ event: BatchEvent) {
            if case .node(let event, _) = event { return nodes.receive(event, at: .now) }
            state.withLock { state in
                switch event {
                case .itemStarted(let planned):
                    state.title = planned.item.prompt ?? "line \(planned.item.line)"
                case .itemDone:
                    state.made += 1
                    state.settled += 1
                case .itemSkipped: state.settled += 1
                case .itemFailed, .lineFailed:
                    state.failed += 1
                    state.settled += 1
                case .started, .retrying, .node: break
                }
            }
        }

        func line(columns: Int) -> String? {
            let node = nodes.state(at: .now, since: start)
            return state.withLock { state in
                state.node = node
                state.elapsed = seconds(.now - start)
                return state.line(columns: columns)
            }
        }
    }
}
