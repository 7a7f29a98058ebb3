/// A 128-bit hash that is the same in every process: SipHash-2-4 with 128-bit output and a zero key.
///
/// Two different inputs have the same hash with a chance of about 2⁻¹²⁸, so equal hashes are taken as equal inputs.
/// Aumasson and Bernstein, "SipHash: a fast short-input PRF", and the 128-bit variant of their reference code.
package struct StableHash {
    /// A hash of nothing yet.
    package init() {}

    private var v0: UInt64 = 0x736f_6d65_7073_6575
    private var v1: UInt64 = 0x646f_7261_6e64_6f6d ^ 0xEE
    private var v2: UInt64 = 0x6c79_6765_6e65_7261
    private var v3: UInt64 = 0x7465_6462_7974_6573
    /// Bytes not yet mixed in, the first in the lowest place.
    private var pending: UInt64 = 0
    private var count: UInt64 = 0

    /// Mixes in bytes.
    ///
    /// - Parameter bytes: any number of them.
    package mutating func update(_ bytes: some Sequence<UInt8>) {
        let isDone: Void? = bytes.withContiguousStorageIfAvailable {
            update(contiguous: UnsafeRawBufferPointer($0))
        }
        guard isDone == nil else { return }
        for byte in bytes { update(byte) }
    }

    /// Mixes in bytes that lie together, eight at a time.
    private mutating func update(contiguous bytes: UnsafeRawBufferPointer) {
        var position = 0
        while position < bytes.count, count % 8 != 0 || bytes.count - position < 8 {
            update(bytes[position])
            position += 1
        }
        while bytes.count - position >= 8 {
            mix(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)))
            count &+= 8
            position += 8
        }
        while position < bytes.count {
            update(bytes[position])
            position += 1
        }
    }

    private mutating func update(_ byte: UInt8) {
        pending |= UInt64(byte) << (8 * (count % 8))
        count &+= 1
        if count % 8 == 0 {
            mix(pending)
            pending = 0
        }
    }

    /// Mixes in a text and its length, so that neighbouring texts cannot run into each other.
    ///
    /// - Parameter text: any text.
    package mutating func update(field text: String) {
        update(field: text.utf8.count)
        update(text.utf8)
    }

    /// Mixes in a number as 8 bytes.
    ///
    /// - Parameter number: any number.
    package mutating func update(field number: Int) {
        update(field: UInt64(bitPattern: Int64(number)))
    }

    /// Mixes in a number as 8 bytes.
    ///
    /// - Parameter number: any number.
    package mutating func update(field number: UInt64) {
        for place in 0..<8 { update(CollectionOfOne(UInt8(truncatingIfNeeded: number >> (8 * place)))) }
    }

    /// The hash of everything mixed in.
    ///
    /// - Returns: its two halves.
    package consuming func finalize() -> (UInt64, UInt64) {
        mix(pending | (count & 0xFF) << 56)
        v2 ^= 0xEE
        for _ in 0..<4 { round() }
        let first = v0 ^ v1 ^ v2 ^ v3
        v1 ^= 0xDD
        for _ in 0..<4 { round() }
        return (first, v0 ^ v1 ^ v2 ^ v3)
    }

    private mutating func mix(_ word: UInt64) {
        v3 ^= word
        round()
        round()
        v0 ^= word
    }

    private mutating func round() {
        v0 &+= v1
        v1 = rotated(v1, 13) ^ v0
        v0 = rotated(v0, 32)
        v2 &+= v3
        v3 = rotated(v3, 16) ^ v2
        v0 &+= v3
        v3 = rotated(v3, 21) ^ v0
        v2 &+= v1
        v1 = rotated(v1, 17) ^ v2
        v2 = rotated(v2, 32)
    }

    private func rotated(_ word: UInt64, _ places: UInt64) -> UInt64 {
        word << places | word >> (64 - places)
    }
}
