import DioramaBatch
import FoundationEssentials

/// Something that follows a batch.
protocol BatchReporter: Sendable {
    /// Takes note of an event; called from any thread, also from several at once.
    func receive(_ event: BatchEvent)

    /// Says something of the moment.
    func note(_ text: String)

    /// Takes note of the end.
    func conclude(_ summary: BatchSummary)

    /// Leaves the screen clean.
    func close()
}

extension BatchReporter {
    func note(_ text: String) {}
    func conclude(_ summary: BatchSummary) {}
    func close() {}
}

/// Prints the path of each picture when it is there, where there is no terminal; notices and retries as they come.
struct BatchPrinter: BatchReporter {
    let output: TextOutput
    let errors: TextOutput
    let folder: URL
    let isQuiet: Bool

    func receive(_ event: BatchEvent) {
        guard !isQuiet else { return }
        switch event {
        case .itemDone(let entry):
            for file in entry.files { output.line(folder.appending(path: file.path).path) }
        default: if let text = event.remark { errors.line(printable("diorama: note: \(text)")) }
        }
    }
}

extension BatchEvent {
    /// What people should read while it runs; nil for what is told elsewhere.
    var remark: String? {
        switch self {
        case .node(.notice(let node, let message), let planned):
            "line \(planned.item.line): \(node): \(message)"
        case .retrying(let planned, let error, let attempt):
            "line \(planned.item.line): \(error); trying again (\(attempt))"
        default: nil
        }
    }
}
