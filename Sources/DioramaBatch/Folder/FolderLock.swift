import DioramaGraph

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

/// Keeps other batches out of a folder for as long as it lives; the system takes it back when the process ends, however
/// that comes.
///
/// A whole batch wants the folder alone. Shards share it with other shards; each wants its own part alone.
final class FolderLock: Sendable {
    private let descriptors: [CInt]

    /// Takes the lock.
    ///
    /// - Parameters:
    ///   - folder: an existing folder.
    ///   - shard: the part that this process makes; nil for all.
    /// - Throws: `BatchFolderError` when another process has it, or the folder cannot be written.
    init(_ folder: BatchFolder, shard: Shard?) throws(BatchFolderError) {
        let whole = try Self.take(".diorama.lock", in: folder, exclusively: shard == nil, for: shard)
        guard let shard else {
            descriptors = [whole]
            return
        }
        do {
            let name = ".diorama.\(shard.index)-of-\(shard.count).lock"
            descriptors = [whole, try Self.take(name, in: folder, exclusively: true, for: shard)]
        } catch {
            close(whole)
            throw error
        }
    }

    deinit { for descriptor in descriptors { close(descriptor) } }

    /// Whether a batch or a shard is at work in a folder.
    static func isHeld(_ folder: BatchFolder) -> Bool {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.contains { name in
            guard name.hasPrefix(".diorama."), name.hasSuffix(".lock") else { return false }
            let descriptor = open(folder.file(name).path(percentEncoded: false), O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return false }
            defer { close(descriptor) }
            return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
        }
    }

    private static func take(
        _ name: String, in folder: BatchFolder, exclusively: Bool, for shard: Shard?
    ) throws(BatchFolderError) -> CInt {
        let path = folder.file(name).path(percentEncoded: false)
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            throw BatchFolderError("cannot write in \(folder.path): \(String(cString: strerror(errno)))")
        }
        var attempts = 5
        while flock(descriptor, (exclusively ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0, errno == EWOULDBLOCK {
            attempts -= 1
            guard attempts > 0 else {
                close(descriptor)
                throw BatchFolderError(busy(folder, path, shard))
            }
            // Whoever only looks whether it is held has it for a moment.
            usleep(20_000)
        }
        // A file system without locks gives none; then only the user keeps two batches apart.
        if exclusively { tellWhoHoldsIt(descriptor) }
        return descriptor
    }

    private static func busy(_ folder: BatchFolder, _ lock: String, _ shard: Shard?) -> String {
        let holder = (try? String(contentsOfFile: lock, encoding: .utf8))?.trimmed ?? ""
        let who = holder.isEmpty ? "" : " (\(holder))"
        let what = shard.map { "shard \($0) of this batch, or a whole batch," } ?? "another batch"
        return "\(what) is at work in \(folder.path)\(who); wait for its end, or choose another folder"
    }

    private static func tellWhoHoldsIt(_ descriptor: CInt) {
        var name = [CChar](repeating: 0, count: 256)
        let host =
            gethostname(&name, name.count - 1) == 0
            ? String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) : ""
        let text = "process \(getpid())" + (host.isEmpty ? "" : " on \(host)") + "\n"
        guard ftruncate(descriptor, 0) == 0 else { return }
        _ = Array(text.utf8).withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    }
}
