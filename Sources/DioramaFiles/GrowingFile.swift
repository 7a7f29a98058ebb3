#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A large file that is written piece by piece and gets its name when it is whole.
///
/// Until then it has no name, and goes when the process ends, however it ends. Where the system has no files without names, it is
/// hidden in the same folder and goes with this value.
public final class GrowingFile {
    private let path: String
    private let folder: String
    private let file: CInt
    /// The hidden name; nil while there is none, and when it is finished.
    private var temporary: String?

    /// Starts the file that shall be called `path`, in the same folder.
    ///
    /// - Parameter path: its name when it is whole; what has the name is replaced.
    /// - Throws: `FileError` where no file can be made there.
    public init(_ path: String) throws(FileError) {
        guard !path.isEmpty, !path.utf8.contains(0) else { throw FileError(writing: path, EINVAL) }
        self.path = path
        folder = AtomicFile.folder(of: path)
        if let unnamed = AtomicFile.openUnnamed(in: folder) {
            file = unnamed
            return
        }
        let name = AtomicFile.temporaryName(in: folder)
        file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard file >= 0 else { throw FileError(writing: path, errno) }
        temporary = name
    }

    deinit {
        guard file >= 0 else { return }
        if let temporary { unlink(temporary) }
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
        guard let name = temporary else {
            guard try AtomicFile.publish(unnamed: file, as: path, in: folder, .replace) else {
                throw FileError(writing: path, errno)
            }
            return
        }
        try AtomicFile.publish(name, as: path)
        temporary = nil
    }
}
