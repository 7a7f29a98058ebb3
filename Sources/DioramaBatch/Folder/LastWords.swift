import DioramaGraph

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// For each item of a folder, the line of the manifests that has the last word about it.
///
/// Within a manifest the last line wins. Between manifests, whose order in time is not known, an item that one of them says
/// is made is made. Only the places of lines are kept, so that a million items take little memory.
struct LastWords {
    private struct Word {
        var manifest: Int
        var line: Int
        var isDone: Bool
    }

    /// A line that is no entry.
    struct UnreadableLine {
        let manifest: URL
        let line: Int
    }

    /// The manifests, in the order of their names.
    let manifests: [URL]
    /// How many lines say something about an item.
    private(set) var entryCount = 0
    /// How many lines are no entries: torn by a crash, or damaged.
    private(set) var unreadableCount = 0
    /// The first of them.
    private(set) var unreadable: [UnreadableLine] = []
    private var words: [UInt64: Word] = [:]

    /// Reads the manifests of a folder.
    ///
    /// - Throws: `ListError` when one cannot be read.
    init(in folder: BatchFolder) throws {
        manifests = folder.manifests
        for (place, manifest) in manifests.enumerated() {
            try BatchFolder.forEachLine(of: manifest) { line, bytes in
                guard let entry = ManifestEntry(line: bytes), let id = entry.number else {
                    unreadableCount += 1
                    if unreadable.count < 100 { unreadable.append(.init(manifest: manifest, line: line)) }
                    return
                }
                entryCount += 1
                if let earlier = words[id], earlier.manifest != place, earlier.isDone, !entry.isDone {
                    return
                }
                words[id] = Word(manifest: place, line: line, isDone: entry.isDone)
            }
        }
    }

    /// How many items there are.
    var count: Int { words.count }

    /// Calls a function with the last word about each item, in the order of the manifests, and with its line as it is written.
    ///
    /// - Throws: `ListError` when a manifest cannot be read, and what `body` throws.
    func forEach(_ body: (ManifestEntry, ArraySlice<UInt8>) throws -> Void) throws {
        for (place, manifest) in manifests.enumerated() {
            try BatchFolder.forEachLine(of: manifest) { line, bytes in
                guard let entry = ManifestEntry(line: bytes), let id = entry.number, let word = words[id],
                    word.manifest == place, word.line == line
                else { return }
                try body(entry, bytes)
            }
        }
    }
}
