#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A large file that is written piece by piece and gets its name when it is whole.
///
/// Until then it is hidden in the same folder, and it goes with this value.
public final class GrowingFile {
    private let path: String
    private let temporary: String
    private let file: CInt
    private var isFinished = false

    /// Starts the file that shall be called `path`, in the same folder.
    ///
    /// - Parameter path: its name when it is whole; what has the name is replaced.
    /// - Throws: `FileError` where no file can be made there.
    public init(_ path: String) throws(FileError) {
        guard !path.isEmpty, !path.utf8.contains(0) else { throw FileError(writing: path, EINVAL) }
        self.path = path
        temporary = AtomicFile.temporaryName(in: AtomicFile.folder(of: path))
        file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard file >= 0 else { throw FileError(writing: path, errno) }
    }

    deinit {
        guard file >= 0 else { return }
        if !isFinished { unlink(temporary) }
        close(file)
    }

    /// Writes more bytes.
    ///
    /// - Parameter bytes: what follows what was written.
    /// - Throws: `FileError` when the disk is full or fails.
    public func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        var rest = bytes
        while let first = rest.baseAddress, !rest.isEmpty {
            let count = write(file, first, min(rest.count, 1 << 30))
            if count < 0 {
                if errno == EINTR { continue }
                throw FileError(writing: path, errno)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// Forces the file to the disk and gives it its name.
    ///
    /// - Throws: `FileError` where that fails; the file is gone then.
    public func finish() throws(FileError) {
        guard fsync(file) == 0 else { throw FileError(writing: path, errno) }
        try AtomicFile.publish(temporary, as: path)
        isFinished = true
    }
}
