#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// Which content a file or folder has, without reading it: what `Node.fingerprint` returns for a file.
///
/// ```swift
/// func fingerprint(_ environment: RunEnvironment) throws -> String? {
///     try $image.literal.map { try FileIdentity(of: environment.folders.inputFile($0)).description }
/// }
/// ```
public struct FileIdentity: Hashable, Sendable, CustomStringConvertible {
    /// Path, size and time of change; of a folder a hash over those of all files in it.
    public let description: String

    /// Looks at a file, or at every file in a folder and below.
    ///
    /// - Parameter url: where it is.
    /// - Throws: `FolderError.system` when nothing is there.
    public init(of url: URL) throws(FolderError) {
        let path = url.path(percentEncoded: false)
        guard let status = FileStatus(path) else {
            throw .system(path: path, reason: "there is no such file")
        }
        guard status.isFolder else {
            description = Self.line(path, status)
            return
        }
        var hash = StableHash()
        let files = FolderListing(of: url, depth: FolderListing.deepest) { file in
            FileStatus(file.path(percentEncoded: false))?.isFolder == false
        }
        for name in files.names {
            guard let status = FileStatus(path + "/" + name) else { continue }
            hash.update(field: Self.line(name, status))
        }
        description = "\(path) \(CacheKey(hash))"
    }

    private static func line(_ path: String, _ status: FileStatus) -> String {
        "\(path) \(status.byteCount) \(status.modified.seconds).\(status.modified.nanoseconds)"
    }
}
