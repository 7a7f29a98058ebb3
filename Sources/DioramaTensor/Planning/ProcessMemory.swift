import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What this process takes of memory by the system's count, in bytes.
struct ProcessMemory: Sendable {
    /// Pages of files: the program's own code and its libraries.
    var file = 0
    /// Pages that may be shared, such as those of planned blocks.
    var shared = 0
    /// The most it ever took.
    var peak = 0
}

/// Reads what the system counts; zeros where it has no `/proc`.
final class ProcessCounter: Sendable {
    private let descriptor: CInt
    private let page = sysconf(Int32(_SC_PAGESIZE))
    private let lastRead = Mutex(ContinuousClock.now)

    /// - Parameter isOff: Whether to count nothing.
    init(isOff: Bool) { descriptor = isOff ? -1 : open("/proc/self/statm", O_RDONLY | O_CLOEXEC) }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Bytes that belong to this process alone, such as the heap.
    func anonymousBytes() -> Int {
        guard descriptor >= 0 else { return 0 }
        return withUnsafeTemporaryAllocation(byteCount: 160, alignment: 8) { text in
            let count = pread(descriptor, text.baseAddress, text.count, 0)
            guard count > 0 else { return 0 }
            // Pages: all, in memory, of files and shared ones.
            let numbers = text.prefix(count).split(separator: UInt8(ascii: " "), maxSplits: 3).map(
                Self.number)
            return numbers.count > 2 ? (numbers[1] - numbers[2]) * page : 0
        }
    }

    /// A full count; takes as long as ten ops, so that callers that come often should use ``readSometimes()``.
    func read() -> ProcessMemory {
        guard descriptor >= 0 else { return ProcessMemory() }
        let numbers = SystemFile.numbers(["RssFile:", "RssShmem:", "VmHWM:"], in: "/proc/self/status")
        return ProcessMemory(file: numbers[0] ?? 0, shared: numbers[1] ?? 0, peak: numbers[2] ?? 0)
    }

    /// A full count where the last one is some milliseconds old; else nil.
    func readSometimes() -> ProcessMemory? {
        let isDue = lastRead.withLock { last in
            guard ContinuousClock.now - last > .milliseconds(2) else { return false }
            last = .now
            return true
        }
        return isDue ? read() : nil
    }

    private static func number(_ digits: some Collection<UInt8>) -> Int {
        digits.reduce(0) { $0 * 10 + Int($1) - 48 }
    }
}
