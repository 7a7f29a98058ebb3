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

extension BatchFolder {
    /// Writes `metadata.jsonl` as Hugging Face's `imagefolder` reads it: a line for each picture with its `file_name`, its
    /// prompt as `text`, and its settings.
    ///
    /// It is made anew from the manifests and takes the old one's place when it is whole. Processes that share the folder
    /// take turns, so that the last one writes what all have made.
    ///
    /// - Throws: `ListError` when a manifest cannot be read, `FileError` when the file cannot be written.
    func writeDataset() throws {
        let lockPath = file(".diorama.dataset.lock").path(percentEncoded: false)
        let lock = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard lock >= 0 else { throw FileError(writing: lockPath, errno) }
        defer { close(lock) }
        // Where there are no locks, the next run mends what a race left out.
        _ = flock(lock, LOCK_EX)

        let metadata = try ReplacementFile(for: file("metadata.jsonl"))
        try LastWords(in: self).forEach { entry, _ in
            guard entry.isDone, holds(entry) else { return }
            for file in entry.files where Self.namesPicture(file.path) {
                try metadata.append((entry.datasetLine(for: file).text() + "\n").utf8)
            }
        }
        try metadata.publish()
    }

    /// Whether a path ends as pictures do.
    static func namesPicture(_ path: String) -> Bool {
        [".png", ".jpg", ".jpeg"].contains { path.lowercased().hasSuffix($0) }
    }
}

extension ManifestEntry {
    /// What a dataset says of one of the item's pictures.
    fileprivate func datasetLine(for file: File) -> JSON {
        var members: JSON.Object = ["file_name": .string(file.path), "text": .string(prompt ?? "")]
        members["negative"] = negative.map(JSON.string)
        members["seed"] = seed.map { JSON($0) }
        for (name, value) in settings where members[name] == nil { members[name] = value }
        return .object(members)
    }
}
