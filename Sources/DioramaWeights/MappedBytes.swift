import DioramaFiles
import DioramaTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A whole file mapped into memory, read-only, unmapped when the last tensor over it goes.
///
/// The file must not become shorter while it is mapped: `OpenFile.requireSize` is asked before every tensor is made, which catches a
/// file cut between opening and loading. A file cut while a computation reads its tensors is a bus error of the system, as with
/// every program that maps files; a replaced file (written aside and renamed, as downloaders do) is safe, the mapping keeps the old one.
final class MappedBytes: ByteLender {
    /// The first byte: never written, so sharing the pointer between threads is safe.
    nonisolated(unsafe) let address: UnsafeRawPointer
    let byteCount: Int

    /// Maps `file`, which must not be empty.
    init(_ file: OpenFile) throws {
        address = try file.map()
        byteCount = file.byteCount
    }

    deinit { FileMappings.unmap(address, byteCount) }

    /// All bytes.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: address, count: byteCount) }

    /// Bytes from which on giving pages back is worth the call, and their faults when they are read again.
    private static let leastRelease = 1 << 16

    /// Gives the whole pages of a part back to the system; they are read again, from its cache of files or the disk, when they are used.
    ///
    /// On systems other than Linux it does nothing.
    ///
    /// - Returns: those pages; nil for none.
    func release(_ part: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        #if os(Linux)
        guard part.count >= Self.leastRelease, let start = part.baseAddress else { return nil }
        let page = UInt(sysconf(CInt(_SC_PAGESIZE)))
        let first = (UInt(bitPattern: start) + page - 1) / page * page
        let end = (UInt(bitPattern: start) + UInt(part.count)) / page * page
        guard first < end, let pages = UnsafeMutableRawPointer(bitPattern: first) else { return nil }
        madvise(pages, Int(end - first), MADV_DONTNEED)
        return UnsafeRawBufferPointer(start: pages, count: Int(end - first))
        #else
        return nil
        #endif
    }

    /// The bytes as a tensor's storage, which keeps the mapping alive.
    func storage() -> Storage { Storage(borrowing: address, byteCount: byteCount, owner: self) }
}
