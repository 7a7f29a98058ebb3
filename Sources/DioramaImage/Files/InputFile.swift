#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Reads whole files of bounded size.
public enum InputFile {
    /// Reads a file to its end.
    ///
    /// - Parameters:
    ///   - path: a regular file, or anything else that can be read to its end.
    ///   - limit: most bytes.
    /// - Returns: its bytes.
    /// - Throws: `FileError` for files that cannot be read or are larger than the limit.
    public static func read(_ path: String, limit: Int = 1 << 30) throws(FileError) -> [UInt8] {
        guard !path.utf8.contains(0) else { throw failure(path, ENOENT) }
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure(path, errno) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = readSome(file, into: &piece)
            if count == 0 { return bytes }
            if count < 0 { throw failure(path, CInt(-count)) }
            guard bytes.count + count <= limit else {
                throw FileError(
                    path: path, action: "read", code: EFBIG, reason: "it has more than \(limit) bytes")
            }
            bytes += piece[..<count]
        }
    }

    private static func failure(_ path: String, _ code: CInt) -> FileError {
        let reason =
            switch code {
            case ENOENT: "there is no such file"
            case EACCES, EPERM: "no permission to read it"
            case EISDIR: "it is a folder"
            default: String(cString: strerror(code))
            }
        return FileError(path: path, action: "read", code: code, reason: reason)
    }
}
