/// What a pair of pieces becomes, and how early that was learned.
struct Merge: Sendable {
    let rank: UInt32
    let id: UInt32
}

/// Values by pairs of numbers: a hash table with open addressing, since a lookup is most of what encoding does.
struct PairTable<Value: Sendable>: Sendable {
    private struct Slot {
        var pair: UInt64
        var value: Value
    }

    /// No pair: the first numbers of pairs are at most Int32.max.
    private static var empty: UInt64 { .max }

    private var slots: [Slot]
    private let mask: Int
    /// Mixed into every hash, so that no file can be made whose pairs all fall on one place.
    private let salt = UInt64.random(in: 0...UInt64.max)

    /// A table for at most `capacity` pairs.
    ///
    /// - Parameters:
    ///   - capacity: the most pairs that will be set.
    ///   - filler: any value; it is never seen.
    init(capacity: Int, filler: Value) {
        var size = 16
        while size < 2 * capacity { size *= 2 }
        slots = Array(repeating: Slot(pair: Self.empty, value: filler), count: size)
        mask = size - 1
    }

    /// The value of a pair, if it has one.
    subscript(first: UInt32, second: UInt32) -> Value? {
        let slot = slots[index(of: Self.pair(first, second))]
        return slot.pair == Self.empty ? nil : slot.value
    }

    /// Sets the value of a pair.
    mutating func set(_ first: UInt32, _ second: UInt32, _ value: Value) {
        let pair = Self.pair(first, second)
        slots[index(of: pair)] = Slot(pair: pair, value: value)
    }

    private static func pair(_ first: UInt32, _ second: UInt32) -> UInt64 {
        UInt64(first) << 32 | UInt64(second)
    }

    /// Where the pair is, or the free slot where it would be; half of the slots stay free.
    private func index(of pair: UInt64) -> Int {
        var hash = (pair ^ salt) &* 0x9E37_79B9_7F4A_7C15
        hash = (hash ^ hash >> 32) &* 0xBF58_476D_1CE4_E5B9
        var index = Int(truncatingIfNeeded: hash >> 32) & mask
        while slots[index].pair != pair, slots[index].pair != Self.empty { index = (index + 1) & mask }
        return index
    }
}
