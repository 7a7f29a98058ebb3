import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Unmapping of the files that ``OpenFile/map()`` mapped, so that whoever looks up where files are mapped can use what it found.
///
/// Addresses that are unmapped may at once be those of other memory, which is lost where it is taken for a file's pages. There is one lock,
/// for a process has one list of its mappings.
package enum FileMappings {
    private static let lock = Mutex<Void>(())

    /// Ends a mapping.
    ///
    /// - Parameters:
    ///   - address: what ``OpenFile/map()`` returned.
    ///   - byteCount: the file's bytes.
    package static func unmap(_ address: UnsafeRawPointer, _ byteCount: Int) {
        lock.withLock { _ in _ = munmap(UnsafeMutableRawPointer(mutating: address), byteCount) }
    }

    /// Calls `body` while no file is unmapped: where it finds one mapped, the file stays until it returns.
    package static func whileKept<R>(_ body: () -> R) -> R {
        lock.withLock { _ in body() }
    }
}
