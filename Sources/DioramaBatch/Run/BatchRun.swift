import Diorama
import DioramaFiles
import DioramaGraph
import DioramaImage
import DioramaNodes
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension Batch {
    /// Makes every item of a list that is not there yet.
    ///
    /// - Parameters:
    ///   - list: what to make; ``check(_:)`` tells beforehand what is wrong with it.
    ///   - folder: where the pictures and the manifest go, made when missing.
    ///   - items: how many items the list has, where that is known.
    ///   - onEvent: told what happens, from any thread; must not block.
    /// - Returns: how it ended; also when it was stopped or could not write on.
    /// - Throws: `BatchFolderError` when another batch is at work in the folder, `FolderError` or `FileError` when it
    ///   cannot be written, `ListError` when the list cannot be read.
    public func run(
        _ list: PromptList, in folder: BatchFolder, items: Int? = nil,
        onEvent: @escaping @Sendable (BatchEvent) -> Void = { _ in }
    ) async throws -> BatchSummary {
        try makeFolder(folder.url)
        let lock = try FolderLock(folder, shard: options.shard)
        // While shards share a folder, only what no living process can be writing is removed.
        folder.removeUnfinished(olderThan: options.shard == nil ? 0 : 3600)
        let known = try KnownItems(in: folder)
        let feed = ItemFeed(list, for: self)
        let run = try BatchRun(self, folder: folder, feed: feed, onEvent: onEvent)
        onEvent(.started(items: items))
        var summary = try await run.all(known)
        if options.writesDataset {
            do {
                try folder.writeDataset()
            } catch let error as FileError {
                summary.stop = summary.stop ?? .cannotWrite("\(error)")
            }
        }
        withExtendedLifetime(lock) {}
        return summary
    }
}

/// The items that earlier runs made, by the number their id stands for.
struct KnownItems: Sendable {
    private var ids: Set<UInt64> = []

    /// Nothing is known.
    init() {}

    /// What the manifests say is done and whose files are there.
    init(in folder: BatchFolder) throws {
        try folder.forEachEntry { entry in
            guard let id = entry.number else { return }
            if entry.isDone, folder.holds(entry) { ids.insert(id) } else { ids.remove(id) }
        }
    }

    /// Whether an item is known.
    func contains(_ id: String) -> Bool { UInt64(id, radix: 16).map(ids.contains) ?? false }

    /// Notes an item.
    ///
    /// - Returns: whether it was unknown.
    mutating func insert(_ id: String) -> Bool {
        guard let number = UInt64(id, radix: 16) else { return true }
        return ids.insert(number).inserted
    }
}

/// One run of a batch.
private final class BatchRun: Sendable {
    private let batch: Batch
    private let folder: BatchFolder
    private let feed: ItemFeed
    private let onEvent: @Sendable (BatchEvent) -> Void
    private let manifest: ManifestWriter
    private let summary: Mutex<BatchSummary>
    private let clock = ContinuousClock()
    private let stopping: Stopping
    /// Lets items denoise together; nil where each does alone.
    private let joint: JointSampling?

    /// Ends the run when files cannot be written.
    private final class Stopping: Sendable {
        private let reason = Mutex<String?>(nil)
        private let feed: ItemFeed

        init(_ feed: ItemFeed) { self.feed = feed }

        func stop(_ error: any Error) {
            reason.withLock { $0 = $0 ?? "\(error)" }
            feed.cancel()
        }

        var message: String? { reason.withLock { $0 } }
    }

    init(
        _ batch: Batch, folder: BatchFolder, feed: ItemFeed,
        onEvent: @escaping @Sendable (BatchEvent) -> Void
    ) throws {
        self.batch = batch
        self.folder = folder
        self.feed = feed
        self.onEvent = onEvent
        summary = Mutex(BatchSummary())
        joint = batch.options.joint
        let stopping = Stopping(feed)
        self.stopping = stopping
        manifest = try ManifestWriter(folder.manifest(of: batch.options.shard)) { stopping.stop($0) }
    }

    /// Runs everything; a few items are under way at once.
    func all(_ known: KnownItems) async throws -> BatchSummary {
        let start = clock.now
        var wasCancelled = false
        do {
            try await makeAll(known)
        } catch is CancellationError {
            wasCancelled = true
        }
        await manifest.finish()
        var result = summary.withLock { $0 }
        if let message = stopping.message {
            result.stop = .cannotWrite(message)
        } else if wasCancelled || Task.isCancelled {
            result.stop = .cancelled
        }
        result.seconds = (clock.now - start) / .seconds(1)
        return result
    }

    private func makeAll(_ known: KnownItems) async throws {
        var known = known
        var names = NameRegister(batch)
        let most = batch.options.mostUnderWay
        try await withThrowingTaskGroup(of: Void.self) { group in
            var underWay = 0
            // Items that wait for company wait for the next of the list too, unless that may be long in coming.
            var coming: JointSampling.Member?
            defer { coming?.leave() }
            while true {
                if underWay == most {
                    coming?.leave()
                    coming = nil
                    try await group.next()
                    underWay -= 1
                }
                if stopping.message != nil { throw CancellationError() }
                if coming == nil, !feed.isStream { coming = joint?.enter() }
                guard let next = try await feed.next() else { break }
                switch next {
                case .failure(let problem): fail(problem)
                case .success(let planned):
                    if let clash = names.clash(of: planned) {
                        fail(planned, clash.failure(batch.options.namePattern))
                        continue
                    }
                    guard known.insert(planned.id) else {
                        summary.withLock { $0.skipped += 1 }
                        onEvent(.itemSkipped(planned))
                        continue
                    }
                    let member = joint?.enter()
                    group.addTask { try await self.make(planned, member) }
                    underWay += 1
                }
            }
            coming?.leave()
            try await group.waitForAll()
        }
    }

    // MARK: One item

    /// Makes an item, unless its files are found.
    private func make(_ planned: PlannedItem, _ member: JointSampling.Member?) async throws {
        defer { member?.leave() }
        let pattern = batch.pattern(for: planned.item)
        let name = pattern.name(of: planned.item, id: planned.id)
        switch FoundFiles(planned, name: name, namesContent: pattern.namesContent, in: folder) {
        case .whole(let files):
            summary.withLock { $0.skipped += 1 }
            record(planned, files: files, seconds: nil) { [onEvent] _ in onEvent(.itemSkipped(planned)) }
        case .foreign(let file):
            fail(
                planned,
                "\(file.lastPathComponent) is there already and is not this picture; remove it, choose another folder, "
                    + "or put {id} into the name")
        case .nothing:
            onEvent(.itemStarted(planned))
            try await render(planned, name: name, member)
        }
    }

    private func render(
        _ planned: PlannedItem, name: String, _ member: JointSampling.Member?
    ) async throws {
        let resources = member?.resources ?? Resources()
        for attempt in 0... {
            let start = clock.now
            do {
                let files = try ItemFiles(planned, name: name, in: folder)
                let pictures: [URL]
                do {
                    let written = try await batch.session.render(
                        planned.schedule, to: files.target, force: true, resources: resources
                    ) { [onEvent] in onEvent(.node($0, of: planned)) }
                    pictures = try files.publish(written)
                } catch {
                    files.discard()
                    throw error
                }
                let seconds = (clock.now - start) / .seconds(1)
                summary.withLock {
                    $0.done += 1
                    $0.files += pictures.count
                }
                record(planned, files: pictures, seconds: seconds) { [onEvent] in onEvent(.itemDone($0)) }
                return
            } catch is CancellationError {
                throw CancellationError()
            } catch  where error.isWriteFailure {
                stopping.stop(error.writeFailure ?? error)
                throw CancellationError()
            } catch {
                guard attempt < batch.options.retries else { return fail(planned, "\(error)") }
                onEvent(.retrying(planned, after: error, attempt: attempt + 1))
            }
        }
    }

    private func record(
        _ planned: PlannedItem, files: [URL], seconds: Double?,
        then: @escaping @Sendable (ManifestEntry) -> Void
    ) {
        let folder = folder
        manifest.append {
            ManifestEntry(
                planned, files: try files.map { try ManifestEntry.File($0, in: folder) }, seconds: seconds)
        } whenWritten: {
            then($0)
        }
    }

    private func fail(_ planned: PlannedItem, _ message: String) {
        let item = planned.item
        summary.withLock { $0.note(.init(line: item.line, index: item.index, message: message)) }
        manifest.append {
            ManifestEntry(planned, error: message)
        } whenWritten: { [onEvent] in
            onEvent(.itemFailed($0))
        }
    }

    private func fail(_ problem: ListProblem) {
        summary.withLock { $0.note(.init(line: problem.line, index: nil, message: problem.message)) }
        onEvent(.lineFailed(problem))
    }
}

extension ManifestEntry.File {
    /// Looks at a file that was made.
    ///
    /// - Throws: `FileError` when it cannot be read.
    init(_ file: URL, in folder: BatchFolder) throws(FileError) {
        let path = file.path(percentEncoded: false)
        let content = try InputFile.read(path)
        let root = folder.path.hasSuffix("/") ? folder.path : folder.path + "/"
        self.init(
            path: String(path.dropFirst(root.count)), bytes: content.count, hash: Self.hash(of: content))
    }

    /// 32 hexadecimal digits over a file's content.
    static func hash(of content: [UInt8]) -> String {
        var hash = StableHash()
        hash.update(content)
        return CacheKey(hash).description
    }
}

extension Error {
    /// Whether the disk or the folder is at fault, so that every other item would fail too.
    fileprivate var isWriteFailure: Bool { writeFailure != nil }

    /// The failure to write a file that lies behind the error.
    fileprivate var writeFailure: (any Error)? {
        switch self {
        case let error as FileError where error.action == "write": return error
        case let error as FolderError:
            if case .system = error { return error }
            return nil
        case let error as RunFailure: return error.failures.lazy.compactMap(\.underlying.writeFailure).first
        default: return nil
        }
    }
}
