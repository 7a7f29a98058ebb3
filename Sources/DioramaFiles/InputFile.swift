#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Reads whole files of bounded size.
public enum InputFile {
    /// Reads a regular file; whatever else is there, such as a pipe, is refused without waiting for it.
    ///
    /// - Parameters:
    ///   - path: absolute, or relative to the working folder; links are followed.
    ///   - limit: most bytes.
    /// - Returns: its bytes.
    /// - Throws: `FileError` for what is no file, cannot be read, or is larger than the limit.
    public static func read(_ path: String, limit: Int = 1 << 30) throws(FileError) -> [UInt8] {
        let file = try OpenFile(path)
        guard file.byteCount <= limit else { throw tooLarge(path, limit) }
        return try file.read(at: 0, count: file.byteCount)
    }

    /// Reads to its end what a user named on the command line: a file, `/dev/stdin`, or a shell's `<(...)`.
    ///
    /// Waits for whoever writes into a pipe.
    ///
    /// - Parameters:
    ///   - path: a file, or anything else that ends.
    ///   - limit: most bytes.
    /// - Returns: its bytes.
    /// - Throws: `FileError` for what cannot be read or is larger than the limit.
    public static func readStream(_ path: String, limit: Int = 1 << 30) throws(FileError) -> [UInt8] {
        guard !path.utf8.contains(0) else { throw FileError(reading: path, ENOENT) }
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw FileError(reading: path, errno) }
        defer { close(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = readSome(file, into: &piece)
            if count == 0 { return bytes }
            if count < 0 { throw FileError(reading: path, CInt(-count)) }
            guard bytes.count + count <= limit else { throw tooLarge(path, limit) }
            bytes += piece[..<count]
        }
    }

    private static func tooLarge(_ path: String, _ limit: Int) -> FileError {
        FileError(reading: path, EFBIG, "it has more than \(limit) bytes")
    }
}
