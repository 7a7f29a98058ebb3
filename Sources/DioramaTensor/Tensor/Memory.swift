import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Counts the bytes that the tensors of one device hold; borrowed bytes (mapped files) do not count.
public final class MemoryMeter: Sendable {
    private let currentBytes = Atomic<Int>(0)
    private let peakBytes = Atomic<Int>(0)
    private let totalBytes = Atomic<Int>(0)

    init() {}

    /// Bytes held now.
    public var current: Int { currentBytes.load(ordering: .relaxed) }

    /// The most bytes held at any time.
    public var peak: Int { peakBytes.load(ordering: .relaxed) }

    /// Bytes ever handed out.
    public var total: Int { totalBytes.load(ordering: .relaxed) }

    /// Counts bytes handed out.
    func add(_ byteCount: Int) {
        totalBytes.add(byteCount, ordering: .relaxed)
        let now = currentBytes.add(byteCount, ordering: .relaxed).newValue
        peakBytes.max(now, ordering: .relaxed)
    }

    /// Counts bytes given back.
    func remove(_ byteCount: Int) {
        currentBytes.subtract(byteCount, ordering: .relaxed)
    }
}

/// A device was asked for more bytes than there are.
public struct MemoryShortage: Hashable, Sendable, CustomStringConvertible {
    /// Bytes that were asked for at once.
    public let asked: Int
    /// Bytes that the device's tensors hold.
    public let held: Int
    /// The most they may hold; nil where the system itself said no.
    public let limit: Int?

    /// One sentence, and what to do.
    public var description: String {
        func mebibytes(_ count: Int) -> String { "\((count + 1 << 20 - 1) >> 20) MiB" }
        let bound = limit.map { ", more than the \(mebibytes($0)) that this run may take" } ?? ""
        return "out of memory: \(mebibytes(asked)) were needed beside \(mebibytes(held)) in use\(bound); "
            + "ask for smaller pictures or fewer at once"
    }
}

/// How much memory the tensors of a device may hold, and what happens when that does not do.
public struct MemoryLimit: Sendable {
    /// The most bytes; nil for as many as the system gives.
    public var byteCount: Int?
    /// Told that there are not enough.
    ///
    /// An op cannot go on without memory, so this must end the process.
    public var onShortage: @Sendable (MemoryShortage) -> Never

    /// A limit.
    ///
    /// - Parameters:
    ///   - byteCount: the most bytes that tensors may hold; nil for as many as the system gives.
    ///   - onShortage: ends the process; by default by a trap that says why.
    public init(
        byteCount: Int? = nil,
        onShortage: @escaping @Sendable (MemoryShortage) -> Never = { preconditionFailure("\($0)") }
    ) {
        self.byteCount = byteCount
        self.onShortage = onShortage
    }
}

/// Where a device's tensors get their bytes from.
package final class Memory: Sendable {
    /// The count of what is handed out.
    package let meter = MemoryMeter()
    /// What notes all that is handed out; nil for a device that computes.
    package let plan: MemoryPlan?
    private let limit: MemoryLimit
    private let pages: SystemPages
    private let blocks: Mutex<FreeBlocks>
    private let smallBlocks: Mutex<SmallBlocks>
    /// Where weights are kept packed.
    let packed: PackedMemory

    package init(limit: MemoryLimit = MemoryLimit(), plan: MemoryPlan? = nil) {
        self.limit = limit
        self.plan = plan
        pages = SystemPages(isPlanned: plan != nil)
        blocks = Mutex(FreeBlocks(pages, limit: limit.byteCount))
        smallBlocks = Mutex(SmallBlocks(most: Swift.min(SmallBlocks.enough, (limit.byteCount ?? .max) / 64)))
        packed = PackedMemory(limit: limit.byteCount, pages, plan: plan)
    }

    deinit { trim() }

    /// Hands out bytes of undefined content; of a plan zeros, unless they were written before.
    func take(_ byteCount: Int) -> UnsafeMutableRawPointer {
        let held = meter.current
        if let most = limit.byteCount, byteCount > most - held {
            limit.onShortage(MemoryShortage(asked: byteCount, held: held, limit: most))
        }
        meter.add(byteCount)
        plan?.add(tensors: byteCount)
        return obtain(byteCount)
    }

    /// Takes back bytes that `take` handed out.
    func give(back bytes: UnsafeMutableRawPointer, _ byteCount: Int) {
        meter.remove(byteCount)
        plan?.add(tensors: -byteCount)
        release(bytes, byteCount)
    }

    /// Hands out bytes that are not counted: the scratch of one op.
    func borrow(_ byteCount: Int) -> UnsafeMutableRawPointer {
        plan?.add(scratch: byteCount)
        return obtain(byteCount)
    }

    /// Takes back bytes that `borrow` handed out.
    func giveBack(borrowed bytes: UnsafeMutableRawPointer, _ byteCount: Int) {
        plan?.add(scratch: -byteCount)
        release(bytes, byteCount)
    }

    /// Bytes that were given back and wait to be used again.
    package var waitingBytes: Int {
        blocks.withLock { $0.waitingBytes } + smallBlocks.withLock { $0.waitingBytes }
    }

    /// Gives memory that waits to be used again back to the system.
    package func trim() {
        blocks.withLock { $0.shrink(to: 0) }
        smallBlocks.withLock { $0.shrink(to: 0) }
    }

    private func obtain(_ byteCount: Int) -> UnsafeMutableRawPointer {
        guard byteCount >= FreeBlocks.smallest else {
            let waiting = smallBlocks.withLock { $0.reuse(byteCount) }
            guard
                let bytes = waiting.flatMap(UnsafeMutableRawPointer.init(bitPattern:))
                    ?? Self.allocate(byteCount)
            else { endForLack(of: byteCount) }
            if let plan {
                // So small that they are taken as a run takes them.
                bytes.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
                plan.look()
            }
            return bytes
        }
        let kept = blocks.withLock { blocks in
            let kept = blocks.reuse(byteCount)
            if kept == nil { blocks.makeRoom(for: byteCount) }
            return kept
        }
        if let bytes = kept.flatMap(UnsafeMutableRawPointer.init(bitPattern:)) {
            noteBlocks()
            return bytes
        }
        packed.makeRoom(for: blocks.withLock { $0.residentBytes } + byteCount)
        let bytes = pages.take(byteCount) ?? takeAfterTrimming(byteCount)
        blocks.withLock { [address = UInt(bitPattern: bytes)] in $0.add(address, byteCount) }
        noteBlocks()
        return bytes
    }

    private func release(_ bytes: UnsafeMutableRawPointer, _ byteCount: Int) {
        let address = UInt(bitPattern: bytes)
        guard byteCount >= FreeBlocks.smallest else {
            return smallBlocks.withLock { $0.give(back: address, byteCount) }
        }
        if !blocks.withLock({ $0.give(back: address) }) { pages.giveBack(bytes, byteCount) }
    }

    private func noteBlocks() {
        guard let plan else { return }
        let (resident, waiting) = blocks.withLock { ($0.residentBytes, $0.waitingBytes) }
        plan.note(blocks: resident, waiting: waiting)
    }

    private func takeAfterTrimming(_ byteCount: Int) -> UnsafeMutableRawPointer {
        trim()
        guard let bytes = pages.take(byteCount) else { endForLack(of: byteCount) }
        return bytes
    }

    private func endForLack(of byteCount: Int) -> Never {
        limit.onShortage(MemoryShortage(asked: byteCount, held: meter.current, limit: nil))
    }

    /// Allocates aligned bytes, for `free`; nil where the system has none.
    private static func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        var bytes: UnsafeMutableRawPointer?
        return posix_memalign(&bytes, Storage.alignment, Swift.max(byteCount, 1)) == 0 ? bytes : nil
    }
}
