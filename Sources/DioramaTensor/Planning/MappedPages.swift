/// Which pages of mapped files are in memory.
///
/// The system maps the pages around one that is not there when it is read, those of an aligned 64 KiB (`fault_around_bytes` of Linux), and takes
/// back each page that is given back. So a page that was given back stays away while only its neighbours are read.
struct MappedPages {
    /// A mapped file, or whatever lent its bytes.
    fileprivate struct Region {
        weak var lender: (any AnyObject)?
        let start: UInt, end: UInt
        /// The pages of each window that are there, a bit for each.
        var windows: [UInt16]
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
        let count = Int((end >> Region.windowBits) - (start >> Region.windowBits) + 1)
        regions.append(
            Region(lender: lender, start: start, end: end, windows: [UInt16](repeating: 0, count: count)))
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
        regions[index].read(first, first + UInt(byteCount))
        return (true, regions[index].byteCount > before)
    }

    /// Notes that bytes were given back to the system.
    mutating func release(_ first: UInt, _ byteCount: Int) {
        for index in regions.indices where regions[index].start <= first && first < regions[index].end {
            regions[index].release(first, first + UInt(byteCount))
        }
    }
}

extension MappedPages.Region {
    /// The bits of a place in a window, and in a page: 16 pages of 4 KiB.
    fileprivate static let windowBits: UInt = 16, pageBits: UInt = 12

    fileprivate mutating func read(_ first: UInt, _ last: UInt) {
        let pages = (first >> Self.pageBits)..<((Swift.min(last, end) - 1) >> Self.pageBits) + 1
        let all = (start >> Self.pageBits)..<((end - 1) >> Self.pageBits) + 1
        for window in (first >> Self.windowBits)...((Swift.min(last, end) - 1) >> Self.windowBits) {
            let there = self[window], read = Self.mask(pages, in: window)
            if there & read != read { self[window] = Self.mask(all, in: window) }
        }
    }

    /// Only pages that lie within the bytes go; what a file's last page has beyond its end is nobody's.
    fileprivate mutating func release(_ first: UInt, _ last: UInt) {
        let from = (first + (1 << Self.pageBits) - 1) >> Self.pageBits
        let to = last >= end ? ((end - 1) >> Self.pageBits) + 1 : last >> Self.pageBits
        guard from < to else { return }
        let shift = Self.windowBits - Self.pageBits
        for window in (from >> shift)...((to - 1) >> shift) {
            self[window] &= ~Self.mask(from..<to, in: window)
        }
    }

    /// A window's pages, by its number in all memory; set, they are counted.
    private subscript(_ window: UInt) -> UInt16 {
        get { windows[Int(window - (start >> Self.windowBits))] }
        set {
            let old = self[window]
            byteCount += size(newValue & ~old, window) - size(old & ~newValue, window)
            windows[Int(window - (start >> Self.windowBits))] = newValue
        }
    }

    /// Those pages of a window that are among `pages`.
    private static func mask(_ pages: Range<UInt>, in window: UInt) -> UInt16 {
        let first = window << (windowBits - pageBits)
        let low = Swift.max(pages.lowerBound, first) - first
        let high = Swift.min(Swift.max(pages.upperBound, first), first + 16) - first
        return low < high ? UInt16(truncatingIfNeeded: UInt32(1) << high - UInt32(1) << low) : 0
    }

    /// Bytes of pages that are of the region.
    private func size(_ pages: UInt16, _ window: UInt) -> Int {
        var bytes = pages.nonzeroBitCount << Self.pageBits
        let first = window << (Self.windowBits - Self.pageBits)
        func has(_ page: UInt) -> Bool {
            page >= first && page < first + 16 && pages & (1 << UInt16(page - first)) != 0
        }
        if has(start >> Self.pageBits) { bytes -= Int(start & (1 << Self.pageBits - 1)) }
        if has((end - 1) >> Self.pageBits) { bytes -= Int((0 &- end) & (1 << Self.pageBits - 1)) }
        return bytes
    }
}
