import DioramaFiles
package import DioramaGraph
package import FoundationEssentials
import Synchronization

/// Writes previews to the file of `--preview`, each as a whole.
package final class PreviewFile: RunReporter {
    private let path: String
    private let mediaType: String
    private let problem = Mutex<(any Error)?>(nil)

    /// Checks, before anything is computed, that the file can be written.
    ///
    /// - Throws: ``CommandError`` of status `failed` when it cannot.
    package init(_ argument: String, mediaType: String, workingFolder: URL) throws {
        let url = fileURL(argument, in: workingFolder)
        try checkWritable(url.deletingLastPathComponent(), for: argument)
        try checkReplaceable(url, for: argument)
        (path, self.mediaType) = (url.path, mediaType)
    }

    /// Writes a preview of the file's kind; nodes of a user's own may send others.
    package func receive(_ event: RunEvent, at time: ContinuousClock.Instant) {
        guard case .preview(_, let preview) = event, preview.mediaType == mediaType else { return }
        problem.withLock { problem in
            guard problem == nil else { return }
            do { try AtomicFile.write(preview.bytes, to: path, existing: .replace) } catch { problem = error }
        }
    }

    /// What kept a preview from being written; nil when nothing did.
    package var firstProblem: (any Error)? { problem.withLock { $0 } }
}
