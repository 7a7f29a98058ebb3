import DioramaGraph
import Dispatch
import Synchronization

/// Reads a list and plans its items ahead of the work, on a thread of its own, where waiting for a stream blocks no one.
final class ItemFeed: Sendable {
    /// What the list has next: an item, or what is wrong with one.
    typealias Next = Result<PlannedItem, ListProblem>

    private struct State {
        var reader: ListReader?
        var maker: ItemMaker
        var line: LineItems?
        /// The next item of the line.
        var index = 0
        /// The next item of the list.
        var ordinal = 0
    }

    private let batch: Batch
    private let list: PromptList
    private let queue = DispatchQueue(label: "diorama.list")
    private let state: Mutex<State>
    private let cancellation = Cancellation()

    init(_ list: PromptList, for batch: Batch) {
        self.batch = batch
        self.list = list
        state = Mutex(State(maker: batch.maker))
    }

    /// Whether the next of the list may be long in coming.
    var isStream: Bool { list.isStream }

    /// Ends a wait for more of the list.
    func cancel() { cancellation.cancel() }

    /// The next item of this process's shard; nil at the end.
    ///
    /// - Throws: `ListError` when the list cannot be read on, `CancellationError` once cancelled.
    func next() async throws -> Next? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                queue.async { continuation.resume(with: Result { try self.readNext() }) }
            }
        } onCancel: {
            cancel()
        }
    }

    func readNext() throws -> Next? {
        try state.withLock { state in
            while true {
                if cancellation.isCancelled { throw CancellationError() }
                if let line = state.line, state.index < line.count {
                    defer {
                        state.index += 1
                        state.ordinal += 1
                    }
                    guard batch.options.shard?.contains(state.ordinal) ?? true else { continue }
                    let item = line.item(state.index, ordinal: state.ordinal)
                    do throws(ListProblem) {
                        return .success(try batch.planned(item))
                    } catch {
                        return .failure(error)
                    }
                }
                let reader = try state.reader ?? list.reader { [cancellation] in cancellation.isCancelled }
                state.reader = reader
                guard let entry = try reader.next() else { return nil }
                do {
                    state.line = try state.maker.items(of: try entry.record.get())
                    state.index = 0
                } catch let problem as ListProblem {
                    // A line that cannot be read counts as the items it would have had, so that shards agree.
                    defer { state.ordinal += batch.maker.itemsPerLine }
                    state.line = nil
                    guard batch.options.shard?.contains(state.ordinal) ?? true else { continue }
                    return .failure(problem)
                }
            }
        }
    }
}
