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
