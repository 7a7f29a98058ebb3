/// Large blocks of memory that were given back and wait to be used again.
///
/// The steps of a sampler ask for the same sizes over and over. A block from the system costs a fault for each of its pages, which
/// the system first fills with zeros; one that was just used is still in the caches. What waits makes a process little larger than it
/// has been: blocks in use and waiting blocks together stay within the most that was ever in use and a ``spare`` beyond 64 MiB of it.
///
/// Blocks are known by their addresses.
struct FreeBlocks: Sendable {
    /// Blocks from this size on are kept; smaller ones are the system's business.
    static let smallest = 1 << 20

    /// A block of memory.
    private struct Block {
        let address: UInt
        let byteCount: Int
    }

    /// Where they come from.
    let pages: SystemPages
    /// The most bytes that blocks in use and waiting ones may take together; nil for as many as the system gives.
    let limit: Int?

    /// Waiting blocks, longest waiting first.
    private var waiting: [Block] = []
    /// Bytes of the blocks that wait.
    private(set) var waitingBytes = 0
    /// Sizes of blocks in use.
    private var used: [UInt: Int] = [:]
    private var usedBytes = 0
    private var mostUsedBytes = 0
    /// Bytes in memory of blocks that are in use or wait.
    private(set) var residentBytes = 0

    init(_ pages: SystemPages, limit: Int? = nil) {
        self.pages = pages
        self.limit = limit
    }

    /// The largest block that is handed out for `byteCount`: a quarter larger, or up to 16 MiB where that is no more than twice as large.
    private static func largest(for byteCount: Int) -> Int {
        byteCount + Swift.max(byteCount / 4, Swift.min(byteCount, 16 << 20))
    }

    /// Bytes that may wait beyond the most that was in use: half of what that was beyond 64 MiB, at most 128 MiB.
    ///
    /// A block of a transformer uses sizes that do not fit one another; without this each frees what the next one asks for.
    private var spare: Int { Swift.min(Swift.max(mostUsedBytes - (64 << 20), 0) / 2, 128 << 20) }

    /// The smallest waiting block of at least `byteCount` that is not much larger; nil where there is none.
    mutating func reuse(_ byteCount: Int) -> UInt? {
        let fitting = byteCount...Self.largest(for: byteCount)
        var best: Int?
        for (index, block) in waiting.enumerated() where fitting.contains(block.byteCount) {
            if block.byteCount < best.map({ waiting[$0].byteCount }) ?? .max { best = index }
        }
        guard let best else { return nil }
        let block = waiting.remove(at: best)
        waitingBytes -= block.byteCount
        use(block)
        return block.address
    }

    /// Remembers a block that came from the system.
    mutating func add(_ address: UInt, _ byteCount: Int) {
        use(Block(address: address, byteCount: byteCount))
        residentBytes += SystemPages.resident(byteCount)
    }

    /// Frees waiting blocks, longest waiting first, so that `byteCount` more bytes may come from the system.
    mutating func makeRoom(for byteCount: Int) {
        let most = Swift.min(mostUsedBytes + spare, limit ?? .max)
        shrink(to: Swift.max(most - usedBytes - byteCount, 0))
    }

    /// Takes a block back to wait; false if it is none of these.
    mutating func give(back address: UInt) -> Bool {
        guard let byteCount = used.removeValue(forKey: address) else { return false }
        usedBytes -= byteCount
        waiting.append(Block(address: address, byteCount: byteCount))
        waitingBytes += byteCount
        return true
    }

    /// Frees waiting blocks until they hold no more than `byteCount` bytes.
    mutating func shrink(to byteCount: Int) {
        var count = 0
        while waitingBytes > byteCount, count < waiting.count {
            let block = waiting[count]
            if let bytes = UnsafeMutableRawPointer(bitPattern: block.address) {
                pages.giveBack(bytes, block.byteCount)
            }
            waitingBytes -= block.byteCount
            residentBytes -= SystemPages.resident(block.byteCount)
            count += 1
        }
        waiting.removeFirst(count)
    }

    private mutating func use(_ block: Block) {
        used[block.address] = block.byteCount
        usedBytes += block.byteCount
        mostUsedBytes = Swift.max(mostUsedBytes, usedBytes)
    }
}
