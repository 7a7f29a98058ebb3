#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The things in a folder that someone wants, by relative path.
struct FolderListing {
    /// How far below a folder models are looked for.
    static let deepest = 8
    /// How many entries are looked at, so that a wrong folder (`/`) ends.
    private static let mostEntries = 200_000

    private(set) var names: [String] = []
    private var seen = 0

    /// Searches a folder; hidden entries are passed over, a missing folder has nothing.
    ///
    /// - Parameters:
    ///   - folder: where to begin.
    ///   - depth: how many levels to go down, 0 for the folder itself.
    ///   - isWanted: tells whether a file or folder is wanted; a wanted folder is not searched further.
    init(of folder: URL, depth: Int, where isWanted: (URL) -> Bool) {
        search(folder, prefix: "", depth: depth, isWanted)
    }

    private mutating func search(_ folder: URL, prefix: String, depth: Int, _ isWanted: (URL) -> Bool) {
        let path = folder.path(percentEncoded: false)
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        for entry in entries.sorted() where !entry.hasPrefix(".") {
            seen += 1
            guard seen <= Self.mostEntries else { return }
            let url = folder.appending(path: entry)
            if isWanted(url) {
                names.append(prefix + entry)
            } else if depth > 0, FileStatus(url.path(percentEncoded: false))?.isFolder == true {
                search(url, prefix: prefix + entry + "/", depth: depth - 1, isWanted)
            }
        }
    }
}
