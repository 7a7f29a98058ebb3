#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What tells whether a file, or a folder of files, was replaced: paths, sizes and times of change.
struct FileIdentity: CustomStringConvertible {
    /// The identity as one line of text, for a node's fingerprint.
    let description: String

    /// Reads the identity of a file, or of every file below a folder.
    ///
    /// - Throws: the system's error when the file cannot be looked at.
    init(of url: URL) throws {
        let path = url.path(percentEncoded: false)
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        guard attributes[.type] as? FileAttributeType == .typeDirectory else {
            description = Self.line(path, attributes)
            return
        }
        let children = try FileManager.default.subpathsOfDirectory(atPath: path).sorted()
        description = try children.map { child in
            let file = path + "/" + child
            return Self.line(file, try FileManager.default.attributesOfItem(atPath: file))
        }.joined(separator: "\n")
    }

    private static func line(_ path: String, _ attributes: [FileAttributeKey: Any]) -> String {
        let size = attributes[.size] as? UInt64 ?? 0
        let changed = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
        return "\(path) \(size) \(changed)"
    }
}
