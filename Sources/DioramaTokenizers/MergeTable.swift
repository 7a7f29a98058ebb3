/// What pairs of pieces become: a hash table with open addressing, since a lookup is most of what encoding does.
struct MergeTable: Sendable {
    /// What a pair becomes, and how early that was learned.
    struct Merge: Sendable {
        let rank: UInt32
        let id: UInt32
    }

    private struct Slot {
        var pair: UInt64
        var merge: Merge
    }

    /// No pair: ids are at most Int32.max.
    private static let empty = UInt64.max

    private var slots: [Slot]
    private let mask: Int

    /// A table for at most `capacity` pairs.
    init(capacity: Int) {
        var size = 16
        while size < 2 * capacity { size *= 2 }
        slots = Array(repeating: Slot(pair: Self.empty, merge: Merge(rank: 0, id: 0)), count: size)
        mask = size - 1
    }

    /// The merge of a pair, if it has one.
    subscript(left: UInt32, right: UInt32) -> Merge? {
        let slot = slots[index(of: Self.pair(left, right))]
        return slot.pair == Self.empty ? nil : slot.merge
    }

    /// Sets the merge of a pair.
    mutating func set(_ left: UInt32, _ right: UInt32, _ merge: Merge) {
        let pair = Self.pair(left, right)
        slots[index(of: pair)] = Slot(pair: pair, merge: merge)
    }

    private static func pair(_ left: UInt32, _ right: UInt32) -> UInt64 { UInt64(left) << 32 | UInt64(right) }

    /// Where the pair is, or the free slot where it would be; half of the slots stay free.
    private func index(of pair: UInt64) -> Int {
        var index = Int(truncatingIfNeeded: (pair &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
        while slots[index].pair != pair, slots[index].pair != Self.empty { index = (index + 1) & mask }
        return index
    }
}
