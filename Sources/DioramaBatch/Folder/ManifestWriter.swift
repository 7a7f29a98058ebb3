import DioramaFiles
import DioramaGraph
import DioramaImage
import Dispatch
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Appends entries to a manifest on a thread of its own; those that come while the disk is busy are forced to it together.
final class ManifestWriter: Sendable {
    private struct Job {
        let entry: @Sendable () throws -> ManifestEntry
        let whenWritten: @Sendable (ManifestEntry) -> Void
    }

    private struct State {
        var jobs: [Job] = []
        var isAtWork = false
        var failure: (any Error)?
    }

    private let path: String
    private let descriptor: CInt
    private let queue = DispatchQueue(label: "diorama.manifest")
    private let state = Mutex(State())
    private let onFailure: @Sendable (any Error) -> Void

    /// Opens a manifest, and cuts away a line that an earlier crash tore.
    ///
    /// - Parameters:
    ///   - file: where it is, made when missing.
    ///   - onFailure: told when an entry could not be written; nothing is written after that.
    /// - Throws: `FileError` when it cannot be opened.
    init(_ file: URL, onFailure: @escaping @Sendable (any Error) -> Void) throws(FileError) {
        path = file.path(percentEncoded: false)
        self.onFailure = onFailure
        descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw FileError(writing: path, errno) }
        cutTornLine()
    }

    deinit { close(descriptor) }

    /// Appends an entry soon.
    ///
    /// - Parameters:
    ///   - entry: makes it, on the writer's thread.
    ///   - whenWritten: called once it is on the disk.
    func append(
        _ entry: @escaping @Sendable () throws -> ManifestEntry,
        whenWritten: @escaping @Sendable (ManifestEntry) -> Void
    ) {
        let starts = state.withLock { state in
            state.jobs.append(Job(entry: entry, whenWritten: whenWritten))
            defer { state.isAtWork = true }
            return !state.isAtWork
        }
        if starts { queue.async { self.work() } }
    }

    /// Waits until everything is on the disk.
    func finish() async {
        await withCheckedContinuation { continuation in
            queue.async {
                self.work()
                continuation.resume()
            }
        }
    }

    private func work() {
        while true {
            let (jobs, hasFailed) = state.withLock { state in
                defer { state.jobs = [] }
                state.isAtWork = !state.jobs.isEmpty
                return (state.jobs, state.failure != nil)
            }
            guard !jobs.isEmpty else { return }
            if hasFailed { continue }
            do {
                let entries = try jobs.map { try $0.entry() }
                try write(entries)
                for (job, entry) in zip(jobs, entries) { job.whenWritten(entry) }
            } catch {
                state.withLock { $0.failure = error }
                onFailure(error)
            }
        }
    }

    private func write(_ entries: [ManifestEntry]) throws(FileError) {
        let text = entries.map { $0.json.text() + "\n" }.joined()
        let start = lseek(descriptor, 0, SEEK_END)
        var problem = writeAll(Array(text.utf8), to: descriptor)
        if problem == 0, fsync(descriptor) != 0 { problem = errno }
        guard problem != 0 else { return }
        // What was written in part is taken back, so that the manifest holds whole lines only.
        if start >= 0 { ftruncate(descriptor, start) }
        throw FileError(writing: path, problem)
    }

    private func cutTornLine() {
        var end = lseek(descriptor, 0, SEEK_END)
        var byte: UInt8 = 0
        while end > 0, pread(descriptor, &byte, 1, end - 1) == 1, byte != UInt8(ascii: "\n") { end -= 1 }
        ftruncate(descriptor, end)
    }
}
