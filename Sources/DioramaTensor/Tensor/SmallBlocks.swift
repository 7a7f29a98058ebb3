#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Small blocks of memory that were given back and wait to be used again, each for its own size.
///
/// The steps of a sampler ask for the same sizes over and over, and threads divide what has one size in one way. So a block was last written by the
/// thread that writes it next, and is in that thread's cache; a heap would piece it together of what others wrote.
///
/// Blocks are known by their addresses.
struct SmallBlocks: Sendable {
    /// Bytes that do for a step of a small model; larger ones have larger blocks.
    static let enough = 4 << 20

    /// The most sizes that are told apart: each request looks through them.
    private static let mostSizes = 64

    /// Blocks of one size.
    private struct Shelf {
        let byteCount: Int
        var addresses: [UInt] = []
        /// When one was last taken or given back.
        var lastUse = 0
    }

    /// The most bytes that wait.
    let most: Int
    /// Bytes that wait.
    private(set) var waitingBytes = 0

    private var shelves: [Shelf] = []
    private var uses = 0

    /// No blocks.
    ///
    /// - Parameter most: the most bytes that may wait.
    init(most: Int) { self.most = most }

    /// A waiting block of this size; nil where there is none.
    mutating func reuse(_ byteCount: Int) -> UInt? {
        guard let place = shelves.firstIndex(where: { $0.byteCount == byteCount }) else { return nil }
        uses += 1
        shelves[place].lastUse = uses
        guard let address = shelves[place].addresses.popLast() else { return nil }
        waitingBytes -= byteCount
        return address
    }

    /// Takes a block back to wait, from the system's heap; where too many wait, some are freed.
    mutating func give(back address: UInt, _ byteCount: Int) {
        uses += 1
        if let place = shelves.firstIndex(where: { $0.byteCount == byteCount }) {
            shelves[place].addresses.append(address)
            shelves[place].lastUse = uses
        } else {
            if shelves.count == Self.mostSizes { dropOldest() }
            shelves.append(Shelf(byteCount: byteCount, addresses: [address], lastUse: uses))
        }
        waitingBytes += byteCount
        shrink(to: most)
    }

    /// Frees waiting blocks until they hold no more than `byteCount` bytes, those of sizes that nobody asked for longest first.
    mutating func shrink(to byteCount: Int) {
        while waitingBytes > byteCount {
            guard let place = oldest else { return }
            if let address = shelves[place].addresses.popLast() {
                free(UnsafeMutableRawPointer(bitPattern: address))
                waitingBytes -= shelves[place].byteCount
            } else {
                shelves.remove(at: place)
            }
        }
    }

    /// Where the size is that nobody asked for longest.
    private var oldest: Int? { shelves.indices.min { shelves[$0].lastUse < shelves[$1].lastUse } }

    /// Frees all blocks of the size that nobody asked for longest.
    private mutating func dropOldest() {
        guard let oldest else { return }
        let shelf = shelves.remove(at: oldest)
        for address in shelf.addresses { free(UnsafeMutableRawPointer(bitPattern: address)) }
        waitingBytes -= shelf.addresses.count * shelf.byteCount
    }
}
