#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Reads into `bytes` from an open file, again when a signal interrupts.
///
/// - Returns: how many bytes came, 0 at the end of the file, or a negative `errno`.
package func readSome(_ file: CInt, into bytes: inout [UInt8]) -> Int {
    while true {
        let count = read(file, &bytes, bytes.count)
        if count >= 0 { return count }
        if errno != EINTR { return -Int(errno) }
    }
}

/// Writes all of `bytes` to an open file, again when a signal interrupts.
///
/// - Returns: 0, or the `errno` of the write that failed.
package func writeAll(_ bytes: [UInt8], to file: CInt) -> CInt {
    bytes.withUnsafeBytes { buffer in
        var rest = buffer[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            let count = write(file, part.baseAddress, part.count)
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                return errno
            }
        }
        return 0
    }
}
