import DioramaFiles
import DioramaGraph

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// The folder of a batch: its pictures, and a manifest for each process that made them.
public struct BatchFolder: Sendable {
    /// Where it is.
    public let url: URL

    /// Names a folder, which need not exist yet.
    ///
    /// - Parameter url: where it is.
    public init(_ url: URL) { self.url = url }

    var path: String { url.path(percentEncoded: false) }

    /// The file of a path from the folder.
    func file(_ path: String) -> URL { url.appending(path: path) }

    /// The manifest that a process appends to.
    func manifest(of shard: Shard?) -> URL {
        file(shard.map { "manifest.\($0.index)-of-\($0.count).jsonl" } ?? "manifest.jsonl")
    }

    /// Every manifest there is, in the order of their names.
    public var manifests: [URL] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.filter { $0.hasPrefix("manifest.") && $0.hasSuffix(".jsonl") }.sorted().map(file)
    }

    /// Reads what is known of earlier runs.
    ///
    /// - Parameter body: told of each entry; of one item's the latest comes last.
    /// - Throws: `ListError` when a manifest cannot be read, and what `body` throws.
    public func forEachEntry(_ body: (ManifestEntry) throws -> Void) throws {
        for manifest in manifests {
            try Self.forEachLine(of: manifest) { _, line in
                if let entry = ManifestEntry(line: line) { try body(entry) }
            }
        }
    }

    /// Reads a manifest line by line, with the lines' numbers from 1; a line that a crash tore is among them.
    ///
    /// - Throws: `ListError` when it cannot be read, and what `body` throws.
    static func forEachLine(of manifest: URL, _ body: (Int, ArraySlice<UInt8>) throws -> Void) throws {
        let path = manifest.path(percentEncoded: false)
        do {
            var reader = LineReader(try ByteSource(path: path, isCancelled: { false }))
            while let line = try reader.next() { try body(line.number, line.bytes) }
        } catch let error as FileError where error.action == "read" {
            throw ListError(path, error.reason)
        }
    }

    /// Whether an entry's files are all there, in their size.
    func holds(_ entry: ManifestEntry) -> Bool {
        entry.files.allSatisfy { file in
            guard let status = FileStatus(self.file(file.path).path(percentEncoded: false)) else {
                return false
            }
            return !status.isFolder && status.byteCount == file.bytes
        }
    }

    /// How unfinished files are called: they are no one's when no batch is at work.
    static func isUnfinished(_ name: String) -> Bool { name.hasPrefix(".diorama-") && name.hasSuffix(".tmp") }

    /// Removes what earlier runs were writing when they were killed.
    ///
    /// - Parameter age: in seconds; younger files are left alone, another shard may be at them.
    func removeUnfinished(olderThan age: Double) {
        var open = [url]
        while let folder = open.popLast() {
            let path = folder.path(percentEncoded: false)
            for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] {
                let file = folder.appending(path: name)
                let isUnfinished = Self.isUnfinished(name)
                guard isUnfinished || !name.contains("."), let status = FileStatus(path + "/" + name) else {
                    continue
                }
                if status.isFolder {
                    open.append(file)
                } else if isUnfinished,
                    Date().timeIntervalSince1970 - Double(status.modified.seconds) >= age
                {
                    try? FileManager.default.removeItem(at: file)
                }
            }
        }
    }
}

/// Why a folder cannot take a batch now.
public struct BatchFolderError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One sentence.
    public let description: String

    init(_ description: String) { self.description = description }
}
