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
    init(reading path: String, _ code: CInt, _ reason: String? = nil) {
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
}
