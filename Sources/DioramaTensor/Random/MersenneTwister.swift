/// The 32-bit Mersenne Twister mt19937 (Matsumoto and Nishimura, 1998), seeded as torch and C++ do.
struct MersenneTwister: Sendable {
    private static let size = 624
    private static let middle = 397

    private var state: [UInt32]
    private var position = MersenneTwister.size

    /// Starts a sequence; only the low 32 bits of the seed count.
    init(seed: UInt64) {
        state = [UInt32(truncatingIfNeeded: seed)]
        state.reserveCapacity(Self.size)
        for j in 1..<UInt32(Self.size) {
            let last = state[Int(j) - 1]
            state.append(1_812_433_253 &* (last ^ last >> 30) &+ j)
        }
    }

    /// The next 32 bits.
    mutating func next() -> UInt32 {
        if position == Self.size { refill() }
        var bits = state[position]
        position += 1
        bits ^= bits >> 11
        bits ^= bits << 7 & 0x9D2C_5680
        bits ^= bits << 15 & 0xEFC6_0000
        return bits ^ bits >> 18
    }

    /// A single in 0..<1, a multiple of 2^-24.
    mutating func nextFloat() -> Float {
        Float(next() & 0xFF_FFFF) * 0x1p-24
    }

    /// A double in 0..<1, a multiple of 2^-53; takes two draws, high word first.
    mutating func nextDouble() -> Double {
        let high = UInt64(next())
        let bits = high << 32 | UInt64(next())
        return Double(bits & (1 << 53 - 1)) * 0x1p-53
    }

    private mutating func refill() {
        for k in 0..<Self.size {
            let bits = state[k] & 0x8000_0000 | state[(k + 1) % Self.size] & 0x7FFF_FFFF
            let twist: UInt32 = bits & 1 == 0 ? 0 : 0x9908_B0DF
            state[k] = state[(k + Self.middle) % Self.size] ^ bits >> 1 ^ twist
        }
        position = 0
    }
}
