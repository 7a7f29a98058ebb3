#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Why a file could not be read or written: its path and the system's reason.
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file that was asked for.
    public let path: String
    /// What failed, in the user's words: `write`, `read`.
    public let action: String
    /// The system's number for the reason, such as ENOENT.
    public let code: Int32
    /// What the number means here, and what to do where that is known.
    public let reason: String

    /// One sentence for the user.
    public var description: String { "cannot \(action) \(path): \(reason)" }
}

extension FileError {
    /// Whether a write failed only because the name was taken.
    public var isExisting: Bool { code == EEXIST }

    /// Whether there is nothing of this name.
    public var isMissing: Bool { code == ENOENT || code == ENOTDIR }

    /// An error of reading, with the system's reason unless a better one is known.
    package init(reading path: String, _ code: Int32, _ reason: String? = nil) {
        let meaning =
            switch code {
            case ENOENT: "there is no such file"
            case EACCES, EPERM: "no permission to read it"
            case EISDIR: "it is a folder"
            case ENXIO: "it is a pipe, a socket or a device, not a file"
            default: String(cString: strerror(code))
            }
        self.init(path: path, action: "read", code: code, reason: reason ?? meaning)
    }

    /// An error of writing, with the system's reason in the user's words.
    package init(writing path: String, _ code: Int32) {
        let folder = AtomicFile.folder(of: path)
        let meaning =
            switch code {
            case ENOENT where access(folder, F_OK) == 0: "no file can be made in \(folder)"
            case ENOENT: "the folder \(folder) does not exist"
            case EEXIST: "it already exists"
            case EACCES, EPERM: "no permission to write in \(folder)"
            case EINVAL: "this is not a file name"
            case EROFS: "\(folder) is on a read-only file system"
            case ENOSPC, EDQUOT: "the disk is full"
            default: String(cString: strerror(code))
            }
        self.init(path: path, action: "write", code: code, reason: meaning)
    }
}
