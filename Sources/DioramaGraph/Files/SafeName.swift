#if canImport(FoundationEssentials)
package import FoundationEssentials
#else
package import Foundation
#endif

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// A relative path from a graph that cannot leave the folder it is looked up in.
package struct SafeName {
    let name: String

    /// Checks a name's form.
    ///
    /// - Parameter name: what the graph says.
    /// - Throws: `FolderError.refused` for an empty, absolute or over-long name, `.`, `..`, and control characters.
    package init(_ name: String) throws(FolderError) {
        func refuse(_ reason: String) -> FolderError { .refused(name: name, reason: reason) }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        if name.isEmpty { throw refuse("is empty") }
        if name.utf8.first == UInt8(ascii: "/") { throw refuse("must be relative: it begins with /") }
        if name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) { throw refuse("has a control character") }
        if parts.contains("..") { throw refuse("must stay inside its folder: it has ..") }
        if parts.contains("") || parts.contains(".") {
            throw refuse("has an empty part or a dot between slashes")
        }
        if name.utf8.count > 1024 || parts.contains(where: { $0.utf8.count > 255 }) {
            throw refuse("is too long: at most 255 bytes a part and 1024 in all")
        }
        self.name = name
    }

    /// The existing file or folder of this name.
    ///
    /// - Parameter folder: where to look.
    /// - Returns: its real place, nil when nothing is there.
    /// - Throws: `FolderError.refused` when a symbolic link leads outside the folder.
    func resolved(in folder: URL) throws(FolderError) -> URL? {
        guard let base = realPath(folder.path(percentEncoded: false)),
            let real = realPath(base + "/" + name)
        else { return nil }
        try check(real, isInside: base)
        return URL(filePath: real)
    }

    /// The folder of this name, made if it is missing.
    ///
    /// - Parameter folder: the folder it lies in, made if it is missing.
    /// - Returns: its real place.
    /// - Throws: `FolderError` when a symbolic link leads outside, or the system refuses to make a folder.
    package func createdFolder(in folder: URL) throws(FolderError) -> URL {
        try makeFolder(folder)
        let path = folder.path(percentEncoded: false)
        guard let base = realPath(path) else { throw .system(path: path, reason: "cannot be opened") }
        // Each level is checked before the next is made, so nothing is ever made outside.
        var current = base
        for part in name.split(separator: "/") {
            let next = current + "/" + part
            try makeFolder(URL(filePath: next))
            guard let real = realPath(next) else { throw .system(path: next, reason: "cannot be opened") }
            try check(real, isInside: base)
            current = real
        }
        return URL(filePath: current, directoryHint: .isDirectory)
    }

    private func check(_ path: String, isInside base: String) throws(FolderError) {
        let prefix = base.hasSuffix("/") ? base : base + "/"
        guard path.hasPrefix(prefix) else {
            throw .refused(name: name, reason: "leads outside \(base) by a symbolic link, to \(path)")
        }
    }
}

/// Makes a folder and the folders above it; an existing one is left as it is.
///
/// - Parameter folder: its place.
/// - Throws: `FolderError.system` when the system refuses.
package func makeFolder(_ folder: URL) throws(FolderError) {
    let path = folder.path(percentEncoded: false)
    var made = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") {
        made += "/" + part
        if mkdir(made, 0o777) == 0 { continue }
        let problem = errno
        if FileStatus(made)?.isFolder == true { continue }
        let reason = problem == EEXIST ? "a file has this name" : String(cString: strerror(problem))
        throw .system(path: made, reason: "the folder cannot be made: \(reason)")
    }
}

/// A path with every symbolic link resolved; nil when nothing is there.
///
/// - Parameter path: absolute, or relative to the working folder.
/// - Returns: an absolute path without a trailing slash.
func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
}
