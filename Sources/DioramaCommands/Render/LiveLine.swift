import Synchronization

/// A line of a terminal that is kept up to date: redrawn ten times a second, whatever the number of events, and gone
/// after ``close()``.
final class LiveLine: Sendable {
    private let output: TextOutput
    private let terminal: Terminal
    private let isOpen = Mutex(true)

    /// Starts drawing.
    ///
    /// - Parameters:
    ///   - output: the terminal's stream.
    ///   - terminal: tells how wide the line may be.
    ///   - text: the line at this moment for a number of columns; nil leaves what is there. Nil for good when what it
    ///     shows is gone.
    init(output: TextOutput, terminal: Terminal, text: @escaping @Sendable (_ columns: Int) -> String?) {
        self.output = output
        self.terminal = terminal
        Task { [weak self] in
            while true {
                try? await Task.sleep(for: .milliseconds(100))
                guard let self, self.draw(text) else { return }
            }
        }
    }

    /// Shows `text` on a line of its own above.
    func note(_ text: String) {
        isOpen.withLock { _ in output.write("\r\u{1B}[K\(text)\n") }
    }

    /// Stops drawing and clears the line.
    func close() {
        isOpen.withLock { isOpen in
            if isOpen { output.write("\r\u{1B}[K") }
            isOpen = false
        }
    }

    /// Draws once; false when the line is closed.
    private func draw(_ text: (Int) -> String?) -> Bool {
        let line = text(terminal.columns())
        return isOpen.withLock { isOpen in
            if isOpen, let line { output.write("\r" + line + "\u{1B}[K") }
            return isOpen
        }
    }
}
