#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// An open regular file, closed when the last reference goes.
package final class OpenFile: Sendable {
    /// Its path, named in errors.
    package let path: String
    /// Its size when it was opened.
    package let byteCount: Int
    private let descriptor: CInt

    /// Opens a file for reading.
    ///
    /// Nothing is waited for: folders, pipes and devices are refused at once.
    ///
    /// - Parameter path: absolute, or relative to the working folder; links are followed.
    /// - Throws: `FileError` where there is no regular file that may be read.
    package init(_ path: String) throws(FileError) {
        guard !path.utf8.contains(0) else { throw FileError(reading: path, ENOENT) }
        self.path = path
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileError(reading: path, errno) }
        self.descriptor = descriptor
        var status = stat()
        var problem = fstat(descriptor, &status) == 0 ? 0 : errno
        if problem == 0, status.st_mode & S_IFMT != S_IFREG {
            problem = status.st_mode & S_IFMT == S_IFDIR ? EISDIR : ENXIO
        }
        guard problem == 0 else {
            close(descriptor)
            throw FileError(reading: path, problem)
        }
        byteCount = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Checks that the file has not become shorter than a number of bytes.
    ///
    /// - Throws: `FileError` where it has.
    package func requireSize(_ count: Int) throws(FileError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0, Int(status.st_size) >= count else {
            throw FileError(
                reading: path, EIO,
                "the file became shorter while it was in use; load it again when it is whole")
        }
    }

    /// Reads a part.
    ///
    /// - Parameters:
    ///   - offset: where it begins, in bytes.
    ///   - count: its bytes.
    /// - Returns: that many bytes.
    /// - Throws: `FileError` where the file ends before.
    package func read(at offset: Int, count: Int) throws(FileError) -> [UInt8] {
        var done = 0
        var problem: CInt = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while done < count, let base = buffer.baseAddress {
                let step = pread(descriptor, base + done, count - done, off_t(offset + done))
                if step < 0, errno == EINTR { continue }
                if step < 0 { problem = errno }
                guard step > 0 else { break }
                done += step
            }
            initialized = done
        }
        if problem != 0 { throw FileError(reading: path, problem) }
        guard done == count else {
            throw FileError(
                reading: path, EIO,
                "it ends early: \(count) bytes expected at \(offset), \(done) could be read")
        }
        return bytes
    }

    /// Maps the whole file, which must not be empty, read-only; the caller unmaps it (``FileMappings/unmap(_:_:)``).
    ///
    /// - Returns: the first of `byteCount` bytes.
    /// - Throws: `FileError` where the system refuses.
    package func map() throws(FileError) -> UnsafeRawPointer {
        let address = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let address, address != MAP_FAILED else { throw FileError(reading: path, errno) }
        #if os(Linux)
        // Where the system's cache of files has huge pages, one that is mapped as a whole could be given back as a whole alone.
        madvise(address, byteCount, MADV_NOHUGEPAGE)
        #endif
        return UnsafeRawPointer(address)
    }
}
