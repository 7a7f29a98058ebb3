import Synchronization

/// Memory for weights that stay packed between products (``PackedWeight``), in place of the pages of files that they were read from: no more
/// of it in all, a part of what there is, and all of it gives way to tensors.
final class PackedMemory: Sendable {
    /// A weight that holds some of it.
    private struct Holder {
        weak var weight: PackedWeight?
    }

    private struct State {
        var holders: [ObjectIdentifier: Holder] = [:]
        /// Bytes in memory.
        var byteCount = 0
        /// How much more that is than was replaced by weights that are larger packed.
        var growth = 0
        /// Whether tensors have needed the memory: nothing is kept any more.
        var isClosed = false
    }

    /// Bytes up to which a weight is small: kept though it is larger than in its file, while all that grows by little.
    static let small = 1 << 20

    /// The part of all memory by which small weights may grow.
    private static let growthShare = 64

    private let limit: Int?
    private let pages: SystemPages
    private let plan: MemoryPlan?
    private let machine = MachineMemory()
    private let state = Mutex(State())

    /// - Parameters:
    ///   - limit: the most bytes that tensors may hold; nil for as many as the machine has.
    ///   - pages: where it comes from.
    ///   - plan: what notes how much is kept; nil for none.
    init(limit: Int?, _ pages: SystemPages, plan: MemoryPlan?) {
        (self.limit, self.pages, self.plan) = (limit, pages, plan)
    }

    /// Bytes in memory that are kept.
    var byteCount: Int { state.withLock { $0.byteCount } }

    /// Takes memory for a weight.
    ///
    /// - Parameters:
    ///   - byteCount: how much, more than none.
    ///   - replaced: bytes of files that the system gets back for it: no fewer, but for what fills up panels, unless it is small.
    ///   - weight: who holds it, and gives it up when asked.
    /// - Returns: memory, to be filled; nil where there is no more to keep, or the weight is not to be kept.
    func take(_ byteCount: Int, replacing replaced: Int, for weight: PackedWeight) -> Panels? {
        let growth = byteCount <= replaced + replaced / 8 ? 0 : byteCount - replaced
        guard growth == 0 || byteCount <= Self.small else { return nil }
        let resident = SystemPages.whole(byteCount, .plain)
        let isFree = state.withLock { state in
            let (all, kept) = most(beside: state.byteCount)
            guard !state.isClosed, state.byteCount + resident <= kept,
                growth == 0 || state.growth + growth <= all / Self.growthShare
            else { return false }
            state.byteCount += resident
            state.growth += growth
            return true
        }
        guard isFree else { return nil }
        guard let bytes = pages.take(byteCount, .plain) else {
            giveBack(resident, growth)
            return nil
        }
        let panels = Panels(bytes, byteCount, growth: growth, of: self)
        state.withLock {
            $0.holders[ObjectIdentifier(panels)] = Holder(weight: weight)
            plan?.note(packed: $0.byteCount)
        }
        return panels
    }

    /// The most that may be kept now that `kept` bytes are: a third of what tensors may hold, so that the system can also keep the files; and
    /// no more than leaves half of what other programs leave free, for several processes may keep weights.
    ///
    /// - Returns: what tensors may hold, and what of it may be kept.
    private func most(beside kept: Int) -> (all: Int, kept: Int) {
        guard let available = machine.available else { return (limit ?? 0, (limit ?? 0) / 3) }
        // Pages of a plan are not in memory.
        let there = available + (plan == nil ? kept : 0)
        return (limit ?? there, Swift.min((limit ?? there) / 3, there / 2))
    }

    private func giveBack(_ resident: Int, _ growth: Int) {
        state.withLock { state in
            state.byteCount -= resident
            state.growth -= growth
            plan?.note(packed: state.byteCount)
        }
    }

    /// Takes back what `take` gave.
    fileprivate func give(back panels: Panels) {
        state.withLock { _ = $0.holders.removeValue(forKey: ObjectIdentifier(panels)) }
        pages.giveBack(panels.bytes, panels.byteCount, .plain)
        giveBack(SystemPages.whole(panels.byteCount, .plain), panels.growth)
    }

    /// Drops all that is kept, for good, where tensors need it.
    ///
    /// - Parameter resident: bytes in memory that tensors and scratch are about to hold.
    func makeRoom(for resident: Int) {
        guard let limit else { return }
        let holders = state.withLock { state -> [Holder] in
            // An eighth is for what is not counted here.
            guard !state.isClosed, state.byteCount > 0, resident + state.byteCount > limit - limit / 8 else {
                return []
            }
            state.isClosed = true
            return Array(state.holders.values)
        }
        for holder in holders { holder.weight?.drop() }
    }
}

/// A weight as products take it, in memory of its own.
final class Panels: Sendable {
    /// The first panel; written by the product that packs it, before any other sees it.
    nonisolated(unsafe) let bytes: UnsafeMutableRawPointer
    fileprivate let byteCount: Int, growth: Int
    private let memory: PackedMemory

    fileprivate init(
        _ bytes: UnsafeMutableRawPointer, _ byteCount: Int, growth: Int, of memory: PackedMemory
    ) {
        (self.bytes, self.byteCount, self.growth, self.memory) = (bytes, byteCount, growth, memory)
    }

    deinit { memory.give(back: self) }
}
