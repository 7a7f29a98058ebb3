import DioramaFiles
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

/// What became of the manifests of a folder.
public struct BatchMerge: Sendable, Equatable {
    /// Manifests that were joined.
    public let manifests: Int
    /// Lines they had about items.
    public let entries: Int
    /// Lines of the one manifest: one for each item.
    public let items: Int
    /// Lines that were no entries and were left out.
    public let unreadable: Int
}

extension BatchFolder {
    /// Joins the manifests of shards and runs into `manifest.jsonl`, which keeps the last word about each item.
    ///
    /// The new manifest takes the old one's place when it is whole, and only then are those of the shards removed: stopped
    /// at any moment, nothing is lost, and merging again ends it. Merging twice changes nothing.
    ///
    /// - Returns: what was joined.
    /// - Throws: `BatchFolderError` when a batch is at work in the folder, `ListError` when there is no manifest or one cannot
    ///   be read, `FileError` when the new one cannot be written.
    public func merge() throws -> BatchMerge {
        try requireManifest()
        let lock = try FolderLock(self, shard: nil)
        defer { withExtendedLifetime(lock) {} }
        let words = try LastWords(in: self)
        let merged = manifest(of: nil)
        let result = BatchMerge(
            manifests: words.manifests.count, entries: words.entryCount, items: words.count,
            unreadable: words.unreadableCount)
        let others = words.manifests.filter { $0.lastPathComponent != merged.lastPathComponent }
        guard !others.isEmpty || result.entries + result.unreadable > result.items else { return result }
        let file = try ReplacementFile(for: merged)
        try words.forEach { _, line in
            try file.append(line)
            try file.append([UInt8(ascii: "\n")])
        }
        try file.publish()
        for other in others {
            let path = other.path(percentEncoded: false)
            guard unlink(path) == 0 else { throw FileError(writing: path, errno) }
        }
        return result
    }
}
