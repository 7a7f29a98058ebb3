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
final class MappedBytes: Sendable {
    /// The first byte: never written, so sharing the pointer between threads is safe.
    nonisolated(unsafe) let address: UnsafeRawPointer
    let byteCount: Int

    /// Maps `file`, which must not be empty.
    init(_ file: OpenFile) throws {
        address = try file.map()
        byteCount = file.byteCount
    }

    deinit { munmap(UnsafeMutableRawPointer(mutating: address), byteCount) }

    /// All bytes.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: address, count: byteCount) }

    /// The bytes as a tensor's storage, which keeps the mapping alive.
    func storage() -> Storage { Storage(borrowing: address, byteCount: byteCount, owner: self) }
}
