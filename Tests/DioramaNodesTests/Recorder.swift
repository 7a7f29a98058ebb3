import Synchronization

/// Collects ids from any thread.
final class Recorder: Sendable {
    private let collected = Mutex<[String]>([])

    /// What was collected so far.
    var ids: [String] { collected.withLock { $0 } }

    func append(_ id: String) { collected.withLock { $0.append(id) } }
}
