import DioramaFiles

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

/// A file that is written piece by piece and takes another one's place when it is whole and on the disk.
///
/// Until then it is hidden beside it; one that a killed process leaves behind is removed by the next batch.
final class ReplacementFile {
    private let target: String
    private let temporary: String
    private let descriptor: CInt
    private var pending: [UInt8] = []
    private var isPublished = false

    /// Begins an empty file.
    ///
    /// - Parameter url: whose place it shall take; need not exist.
    /// - Throws: `FileError` when its folder cannot be written.
    init(for url: URL) throws(FileError) {
        target = url.path(percentEncoded: false)
        let name = ".diorama-" + String(UInt64.random(in: .min ... .max), radix: 16) + ".tmp"
        temporary = url.deletingLastPathComponent().appending(path: name).path(percentEncoded: false)
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw FileError(writing: target, errno) }
    }

    deinit {
        close(descriptor)
        if !isPublished { unlink(temporary) }
    }

    /// Adds bytes.
    ///
    /// - Throws: `FileError` when the disk is full.
    func append(_ bytes: some Sequence<UInt8>) throws(FileError) {
        pending += bytes
        if pending.count >= 1 << 20 { try flush() }
    }

    /// Forces everything to the disk and takes the other file's place.
    ///
    /// - Throws: `FileError`; then the other file is as it was.
    func publish() throws(FileError) {
        try flush()
        guard fsync(descriptor) == 0 else { throw FileError(writing: target, errno) }
        try AtomicFile.publish(temporary, as: target)
        isPublished = true
    }

    private func flush() throws(FileError) {
        let problem = writeAll(pending, to: descriptor)
        guard problem == 0 else { throw FileError(writing: target, problem) }
        pending.removeAll(keepingCapacity: true)
    }
}
