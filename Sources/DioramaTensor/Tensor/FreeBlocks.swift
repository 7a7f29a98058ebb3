/// Large blocks of memory that were given back and wait to be used again.
///
/// The steps of a sampler ask for the same sizes over and over. A block from the system costs a fault for each of its pages, which
/// the system first fills with zeros; one that was just used is still in the caches. What waits makes a process little larger than it
/// has been: blocks in use and waiting blocks together stay within the most that was ever in use and a ``spare`` beyond 64 MiB of it.
///
/// A transformer asks for the hidden layer of a perceptron once and for tensors of a quarter of it several times. So blocks of huge pages are
/// divided among smaller ones, and what lies side by side and waits is one again. Which blocks those are depends on sizes and order alone,
/// not on the addresses that the system gives, so that a run can be planned.
///
/// Blocks are known by their addresses.
struct FreeBlocks: Sendable {
    /// Blocks from this size on are kept; smaller ones are the system's business.
    static let smallest = 1 << 20

    /// A block of memory.
    private struct Block {
        var address: UInt
        /// In whole pages.
        var byteCount: Int
        /// Tells apart what came from the system at different times.
        let origin: Int
    }

    /// Where they come from.
    let pages: SystemPages
    /// The most bytes that blocks in use and waiting ones may take together; nil for as many as the system gives.
    let limit: Int?

    /// Waiting blocks, longest waiting first.
    private var waiting: [Block] = []
    /// Bytes of the blocks that wait.
    private(set) var waitingBytes = 0
    /// Blocks in use.
    private var used: [UInt: Block] = [:]
    private var usedBytes = 0
    private var mostUsedBytes = 0
    /// How many blocks came from the system.
    private var origins = 0
    /// Bytes in memory of blocks that are in use or wait.
    var residentBytes: Int { usedBytes + waitingBytes }

    init(_ pages: SystemPages, limit: Int? = nil) {
        self.pages = pages
        self.limit = limit
    }

    /// The largest block that is handed out for `byteCount`, whole pages: any that can be divided, otherwise one twice as large.
    private static func largest(for byteCount: Int) -> Int {
        SystemPages.isHuge(byteCount) ? .max : Swift.min(2 * byteCount, SystemPages.leastHuge - 1)
    }

    /// Bytes that may wait beyond the most that was in use: half of what that was beyond 64 MiB, at most 128 MiB.
    ///
    /// A block of a transformer uses sizes that do not fit one another; without this each frees what the next one asks for.
    private var spare: Int { Swift.min(Swift.max(mostUsedBytes - (64 << 20), 0) / 2, 128 << 20) }

    /// The smallest waiting block that suffices, or the part of it that is needed; nil where there is none.
    mutating func reuse(_ byteCount: Int) -> UInt? {
        let byteCount = SystemPages.whole(byteCount)
        let fitting = byteCount...Self.largest(for: byteCount)
        var best: Int?
        for (index, block) in waiting.enumerated() where fitting.contains(block.byteCount) {
            if block.byteCount < best.map({ waiting[$0].byteCount }) ?? .max { best = index }
        }
        guard let best else { return nil }
        var block = waiting[best]
        if SystemPages.isHuge(byteCount), block.byteCount > byteCount {
            waiting[best].address += UInt(byteCount)
            waiting[best].byteCount -= byteCount
            block.byteCount = byteCount
        } else {
            waiting.remove(at: best)
        }
        waitingBytes -= block.byteCount
        use(block)
        return block.address
    }

    /// Remembers a block that came from the system.
    mutating func add(_ address: UInt, _ byteCount: Int) {
        origins += 1
        use(Block(address: address, byteCount: SystemPages.whole(byteCount), origin: origins))
    }

    /// Frees waiting blocks, longest waiting first, so that `byteCount` more bytes may come from the system.
    mutating func makeRoom(for byteCount: Int) {
        let most = Swift.min(mostUsedBytes + spare, limit ?? .max)
        shrink(to: Swift.max(most - usedBytes - SystemPages.whole(byteCount), 0))
    }

    /// Takes a block back to wait; false if it is none of these.
    mutating func give(back address: UInt) -> Bool {
        guard var block = used.removeValue(forKey: address) else { return false }
        usedBytes -= block.byteCount
        waitingBytes += block.byteCount
        waiting.removeAll { other in
            guard other.origin == block.origin else { return false }
            let isBefore = other.address + UInt(other.byteCount) == block.address
            guard isBefore || block.address + UInt(block.byteCount) == other.address else { return false }
            if isBefore { block.address = other.address }
            block.byteCount += other.byteCount
            return true
        }
        waiting.append(block)
        return true
    }

    /// Frees waiting blocks, of the last one the end that is too much, until they hold no more than `byteCount` bytes.
    mutating func shrink(to byteCount: Int) {
        while waitingBytes > byteCount, let block = waiting.first {
            let excess = SystemPages.whole(Swift.max(waitingBytes - byteCount, SystemPages.leastHuge))
            let freed = excess < block.byteCount ? excess : block.byteCount
            if let bytes = UnsafeMutableRawPointer(bitPattern: block.address) {
                pages.giveBack(bytes + block.byteCount - freed, freed)
            }
            waitingBytes -= freed
            if freed == block.byteCount {
                waiting.removeFirst()
            } else {
                waiting[0].byteCount -= freed
            }
        }
    }

    private mutating func use(_ block: Block) {
        used[block.address] = block
        usedBytes += block.byteCount
        mostUsedBytes = Swift.max(mostUsedBytes, usedBytes)
    }
}
