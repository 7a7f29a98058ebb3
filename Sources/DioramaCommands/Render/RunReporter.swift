package import DioramaGraph

/// Something that follows a render: the progress line, JSON lines, a trace.
package protocol RunReporter: Sendable {
    /// Takes note of an event; called from any thread, also from several at once.
    ///
    /// - Parameters:
    ///   - event: what happened.
    ///   - time: when it was reported.
    func receive(_ event: RunEvent, at time: ContinuousClock.Instant)
}

/// Prints the nodes' notices, where there is no progress line to keep clear of.
struct NoticePrinter: RunReporter {
    let output: TextOutput

    func receive(_ event: RunEvent, at time: ContinuousClock.Instant) {
        if case .notice(let node, let message) = event { output.line(noticeLine(node, message)) }
    }
}

/// A node's notice as people read it.
func noticeLine(_ node: NodeLabel, _ message: String) -> String {
    printable("diorama: note: \(node): \(message)")
}

extension TraceRecorder: RunReporter {
    package func receive(_ event: RunEvent, at time: ContinuousClock.Instant) {
        switch event {
        case .nodeStarted(let node, _, let start):
            nodeStarted(node.id, title: node.title, className: node.className, at: start)
        case .progress(let node, let step, let total):
            stepFinished(node.id, step: step, total: total, at: time)
        case .unit(let node, let unit): unitFinished(node.id, unit)
        case .nodeFinished(let node, let end, _): nodeFinished(node.id, outcome: "done", at: end)
        case .nodeFailed(let failure, let end): nodeFinished(failure.node.id, outcome: "failed", at: end)
        case .started, .cached, .preview, .notice, .artefact, .finished, .failed, .cancelled: break
        }
    }
}
