/// NumPy's SeedSequence: many independent seeds from one (its algorithm 1, after Melissa O'Neill's seed_seq_fe).
package struct SeedSequence: Sendable {
    private var pool: [UInt32]

    /// The sequence of an entropy and the path of its descendant.
    ///
    /// - Parameters:
    ///   - entropy: The seed.
    ///   - path: Which child of which child; empty for the root.
    ///   - poolSize: How many words are mixed; 4 is NumPy's default.
    package init(entropy: UInt64, path: [UInt64] = [], poolSize: Int = 4) {
        var words = SeedSequence.words(entropy)
        if !path.isEmpty {
            words += [UInt32](repeating: 0, count: max(poolSize - words.count, 0))
            words += path.flatMap(SeedSequence.words)
        }
        var factor: UInt32 = 0x43b0_d7e5
        func hashed(_ value: UInt32) -> UInt32 {
            let mixed = value ^ factor
            factor = factor &* 0x931e_8875
            let product = mixed &* factor
            return product ^ product >> 16
        }
        pool = (0..<poolSize).map { hashed($0 < words.count ? words[$0] : 0) }
        for source in pool.indices {
            for target in pool.indices where target != source {
                pool[target] = SeedSequence.mixed(pool[target], hashed(pool[source]))
            }
        }
        for word in words.dropFirst(poolSize) {
            for target in pool.indices { pool[target] = SeedSequence.mixed(pool[target], hashed(word)) }
        }
    }

    /// The first 32-bit words of the sequence's state, each a seed.
    package func state(_ count: Int) -> [UInt32] {
        var factor: UInt32 = 0x8b51_f9dd
        return (0..<count).map { index in
            let mixed = pool[index % pool.count] ^ factor
            factor = factor &* 0x58f3_8ded
            let product = mixed &* factor
            return product ^ product >> 16
        }
    }

    private static func mixed(_ x: UInt32, _ y: UInt32) -> UInt32 {
        let result = 0xca01_f9dd &* x &- 0x4973_f715 &* y
        return result ^ result >> 16
    }

    /// The 32-bit words of a number, the lowest first, at least one.
    private static func words(_ value: UInt64) -> [UInt32] {
        let (low, high) = (UInt32(truncatingIfNeeded: value), UInt32(truncatingIfNeeded: value >> 32))
        return high == 0 ? [low] : [low, high]
    }
}
