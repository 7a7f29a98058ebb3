import FoundationEssentials

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Reading whole small files, with a limit on their size.
enum SmallFile {
    /// The bytes of the regular file at `url`; throws when it cannot be read or is larger than `limit` bytes.
    static func read(_ url: URL, atMost limit: Int) throws -> [UInt8] {
        let file = try OpenFile(url)
        guard file.byteCount <= limit else {
            throw WeightsError(url.path, "\(file.byteCount) bytes; at most \(limit) are read")
        }
        return try file.read(at: 0, count: file.byteCount)
    }
}

/// An open regular file, closed when the last reference goes.
final class OpenFile: Sendable {
    /// Its path, named in errors.
    let path: String
    /// Its size when it was opened.
    let byteCount: Int
    private let descriptor: Int32

    /// Opens the regular file at `url` for reading.
    init(_ url: URL) throws {
        path = url.path
        let descriptor = open(url.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw WeightsError(path, "cannot be opened: \(Self.systemError())") }
        self.descriptor = descriptor
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            close(descriptor)
            throw WeightsError(path, "cannot be examined: \(Self.systemError())")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw WeightsError(path, "is not a file")
        }
        byteCount = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Throws when the file now holds fewer than `count` bytes.
    func requireSize(_ count: Int) throws {
        var status = stat()
        guard fstat(descriptor, &status) == 0, Int(status.st_size) >= count else {
            throw WeightsError(
                path, "the file became shorter while it was in use; load it again when it is whole")
        }
    }

    /// Reads `count` bytes at `offset`.
    func read(at offset: Int, count: Int) throws -> [UInt8] {
        var done = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while done < count, let base = buffer.baseAddress {
                let step = pread(descriptor, base + done, count - done, off_t(offset + done))
                if step < 0, errno == EINTR { continue }
                guard step > 0 else { break }
                done += step
            }
            initialized = done
        }
        guard done == count else {
            throw WeightsError(
                path, "ends early: \(count) bytes expected at \(offset), \(done) could be read")
        }
        return bytes
    }

    /// Maps the whole file, which must not be empty, read-only.
    func map() throws -> UnsafeRawPointer {
        let address = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let address, address != MAP_FAILED else {
            throw WeightsError(path, "cannot be mapped: \(Self.systemError())")
        }
        return UnsafeRawPointer(address)
    }

    private static func systemError() -> String { String(cString: strerror(errno)) }
}
