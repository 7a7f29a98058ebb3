#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Memory in whole pages, straight from the system: for blocks that are too large for `malloc`.
///
/// What is given back is the system's at once, whichever thread gives it, so that what a process takes follows from what it uses.
struct SystemPages: Sendable {
    /// Whether the pages only stand for those of a run that is planned (``MemoryPlan``).
    ///
    /// They are shared with no one, but counted apart from the process's own, and cost nothing until they are touched; there may be
    /// more of them than the machine has.
    let isPlanned: Bool

    /// Which pages a large block lies in.
    enum Kind {
        /// Huge ones where the system grants them: thousands of page faults fewer, but where memory is in pieces the system moves pages
        /// about to make room, for seconds a gigabyte. For blocks that are used again and again.
        case huge
        /// Those of the processor, each filled when it is first written.
        case plain
    }

    /// Takes pages for `byteCount` bytes, more than none; nil where the system has none.
    ///
    /// Small blocks are there whole.
    func take(_ byteCount: Int, _ kind: Kind = .huge) -> UnsafeMutableRawPointer? {
        guard byteCount <= Int.max - 2 * Self.hugePage else { return nil }
        let whole = Self.whole(byteCount, kind)
        guard !isPlanned, kind == .huge else { return map(whole) }
        guard Self.isHuge(byteCount) else { return map(whole, filled: true) }
        guard let bytes = map(whole + Self.hugePage) else { return nil }
        let skipped = (Self.hugePage - Int(bitPattern: bytes) % Self.hugePage) % Self.hugePage
        if skipped > 0 { munmap(bytes, skipped) }
        munmap(bytes + skipped + whole, Self.hugePage - skipped)
        #if os(Linux)
        madvise(bytes + skipped, whole, MADV_HUGEPAGE)
        #endif
        return bytes + skipped
    }

    /// Gives pages back that were taken for `byteCount` bytes.
    func giveBack(_ bytes: UnsafeMutableRawPointer, _ byteCount: Int, _ kind: Kind = .huge) {
        munmap(bytes, Self.whole(byteCount, kind))
    }

    /// Bytes of a huge page of the processors at hand.
    private static let hugePage = 2 << 20
    private static let page = sysconf(Int32(_SC_PAGESIZE))

    /// Bytes from which on a block lies in huge pages.
    static let leastHuge = 2 * hugePage

    /// Whether a block lies in huge pages, where it may.
    static func isHuge(_ byteCount: Int) -> Bool { byteCount >= leastHuge }

    /// Bytes of the pages that a block lies in, which are in memory once all of it is written.
    static func whole(_ byteCount: Int, _ kind: Kind = .huge) -> Int {
        rounded(byteCount, to: kind == .huge && isHuge(byteCount) && HugePages.areGranted ? hugePage : page)
    }

    private static func rounded(_ byteCount: Int, to unit: Int) -> Int {
        (byteCount + unit - 1) / unit * unit
    }

    /// Maps pages; `filled` ones are there at once, which takes less time than a fault for each.
    private func map(_ byteCount: Int, filled: Bool = false) -> UnsafeMutableRawPointer? {
        #if os(Linux)
        let own = MAP_PRIVATE | MAP_ANONYMOUS | (filled ? MAP_POPULATE : 0)
        let flags = isPlanned ? MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE : own
        #else
        let flags = MAP_PRIVATE | MAP_ANON
        #endif
        let bytes = mmap(nil, byteCount, PROT_READ | PROT_WRITE, flags, -1, 0)
        return bytes == MAP_FAILED ? nil : bytes
    }
}

/// What the system does about huge pages.
private enum HugePages {
    /// Whether it gives them to who asks.
    static let areGranted: Bool = {
        guard let file = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "r") else { return false }
        defer { fclose(file) }
        var text = [CChar](repeating: 0, count: 64)
        guard fgets(&text, CInt(text.count), file) != nil else { return false }
        return !text.map { UInt8(bitPattern: $0) }.contains("[never]")
    }()
}

extension [UInt8] {
    /// Whether the bytes of a text are among these.
    fileprivate func contains(_ text: String) -> Bool {
        let wanted = Array(text.utf8)
        return indices.contains { self[$0...].starts(with: wanted) }
    }
}
