/// Which pages of mapped files have been read.
///
/// The system maps the pages around one that is read as well, those of an aligned 64 KiB (`fault_around_bytes` of Linux), so that is what is
/// counted.
struct MappedPages {
    private static let windowBits: UInt = 16

    /// A mapped file, or whatever lent its bytes.
    fileprivate struct Region {
        weak var lender: (any AnyObject)?
        let start: UInt, end: UInt
        /// A bit for each window.
        var isRead: [UInt64]
        var byteCount = 0
    }

    private var regions: [Region] = []

    /// Bytes that are in memory; those of files that were unmapped are not.
    var byteCount: Int { regions.reduce(0) { $1.lender == nil ? $0 : $0 + $1.byteCount } }

    /// Makes a run of bytes known, which is there as long as its lender.
    mutating func add(_ start: UInt, _ byteCount: Int, of lender: any AnyObject) {
        if regions.contains(where: { $0.start == start && $0.lender === lender }) { return }
        regions.removeAll { $0.lender == nil }
        let end = start + UInt(byteCount)
        let windows = (end >> Self.windowBits) - (start >> Self.windowBits) + 1
        regions.append(
            Region(
                lender: lender, start: start, end: end,
                isRead: [UInt64](repeating: 0, count: Int(windows + 63) / 64)))
    }

    /// Notes a read.
    ///
    /// - Returns: whether the bytes are of a mapped file, and whether more of it is in memory than before.
    mutating func read(_ first: UInt, _ byteCount: Int) -> (isMapped: Bool, grew: Bool) {
        guard
            let index = regions.firstIndex(where: {
                $0.start <= first && first < $0.end && $0.lender != nil
            })
        else { return (false, false) }
        let before = regions[index].byteCount
        regions[index].read(first, first + UInt(byteCount), bits: Self.windowBits)
        return (true, regions[index].byteCount > before)
    }

    /// Notes that bytes were given back to the system.
    mutating func release(_ first: UInt, _ byteCount: Int) {
        for index in regions.indices where regions[index].start <= first && first < regions[index].end {
            regions[index].release(first, first + UInt(byteCount), bits: Self.windowBits)
        }
    }
}

extension MappedPages.Region {
    fileprivate mutating func read(_ first: UInt, _ last: UInt, bits: UInt) {
        for window in (first >> bits)...((Swift.min(last, end) - 1) >> bits)
        where set(window, bits, isThere: true) {
            byteCount += size(of: window, bits)
        }
    }

    /// Only windows that lie within the bytes go.
    fileprivate mutating func release(_ first: UInt, _ last: UInt, bits: UInt) {
        let (from, to) = ((first + (1 << bits) - 1) >> bits, Swift.min(last, end) >> bits)
        guard from < to else { return }
        for window in from..<to where set(window, bits, isThere: false) {
            byteCount -= size(of: window, bits)
        }
    }

    /// Notes whether a window is in memory; true if it was otherwise before.
    private mutating func set(_ window: UInt, _ bits: UInt, isThere: Bool) -> Bool {
        let (word, bit) = Int(window - (start >> bits)).quotientAndRemainder(dividingBy: 64)
        let mask: UInt64 = 1 << UInt64(bit)
        guard (isRead[word] & mask != 0) != isThere else { return false }
        isRead[word] ^= mask
        return true
    }

    private func size(of window: UInt, _ bits: UInt) -> Int {
        Int(Swift.min((window + 1) << bits, end) - Swift.max(window << bits, start))
    }
}
