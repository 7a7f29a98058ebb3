#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The memory of the machine, by the system's count.
package enum MachineMemory {
    /// Bytes that programs may take without pushing out others, the cache of files included; nil where the system does not tell.
    package static var available: Int? { entry("MemAvailable:") }

    /// An entry of `/proc/meminfo`, in bytes.
    package static func entry(_ name: String) -> Int? {
        guard let file = fopen("/proc/meminfo", "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        while fgets(&line, CInt(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            guard text.hasPrefix(name) else { continue }
            return Int(text.filter(\.isNumber)).map { $0 * 1024 }
        }
        return nil
    }
}
