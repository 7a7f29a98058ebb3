extension ReferenceBackend {
    package func decode(_ out: MutableFloats, _ rows: EncodedRows, count: Int, columns: Int) {
        let (length, size) = (rows.encoding.blockLength, rows.encoding.blockBytes)
        for row in 0..<count {
            for column in 0..<columns {
                let block = row * (columns / length) + column / length
                let bytes = UnsafeRawBufferPointer(start: rows.bytes + block * size, count: size)
                let value = Block(bytes: bytes).value(rows.encoding, column % length)
                let group = rows.groups?.scale(row: row, group: column / (rows.groups?.length ?? 1)) ?? 1
                out[row * columns + column] = value * group * (rows.scales?[row] ?? 1)
            }
        }
    }
}

extension EncodedGroups {
    /// The scale of a row's group.
    fileprivate func scale(row: Int, group: Int) -> Float {
        let byte = bytes[offset(ofRow: row) + group / 4 * 512 + group % 4]
        switch format {
        case .e4m3: return float8(byte)
        case .e8m0: return byte == 255 ? .nan : Float(sign: .plus, exponent: Int(byte) - 127, significand: 1)
        }
    }
}

/// A float of 4 bits of exponent and 3 of fraction.
private func float8(_ byte: UInt8) -> Float {
    let (exponent, fraction) = (Int(byte >> 3 & 15), Float(byte & 7))
    let size: Float =
        exponent == 15 && fraction == 7
        ? .nan
        : exponent == 0
            ? fraction * 0x1p-9
            : Float(sign: .plus, exponent: exponent - 7, significand: 1 + fraction / 8)
    return byte >> 7 == 1 ? -size : size
}

/// A block of ggml's, element by element.
private struct Block {
    let bytes: UnsafeRawBufferPointer

    /// Element `i` of the block.
    func value(_ encoding: BlockEncoding, _ i: Int) -> Float {
        switch encoding {
        case .q4_0: return half(0) * Float(nibble(2, i) - 8)
        case .q4_1: return half(0) * Float(nibble(4, i)) + half(2)
        case .q5_0: return half(0) * Float((nibble(6, i) | bit(2, i) << 4) - 16)
        case .q5_1: return half(0) * Float(nibble(8, i) | bit(4, i) << 4) + half(2)
        case .q8_0: return half(0) * Float(signed(2 + i))
        case .q2_K:
            let factors = bits(i / 16, 0, 8)
            return half(80) * Float(factors & 15) * Float(pair(16, i)) - half(82) * Float(factors >> 4)
        case .q3_K:
            let group = i / 16
            let scale =
                bits(96 + group % 8, group / 8 * 4, 4) | bits(104 + group % 4, group / 4 * 2, 2) << 4
            let third = bits(i % 32, i / 32, 1)
            return half(108) * Float(scale - 32) * Float(pair(32, i) - (third == 1 ? 0 : 4))
        case .q4_K:
            let (scale, offset) = factors(i / 32)
            return half(0) * scale * Float(halfByte(16, i)) - half(2) * offset
        case .q5_K:
            let (scale, offset) = factors(i / 32)
            let q = halfByte(48, i) | bits(16 + i % 32, i / 32, 1) << 4
            return half(0) * scale * Float(q) - half(2) * offset
        case .q6_K:
            let (half, run, l) = (i / 128, i / 32 % 4, i % 32)
            let low = bits(half * 64 + run % 2 * 32 + l, run / 2 * 4, 4)
            let q = low | bits(128 + half * 32 + l, run * 2, 2) << 4
            return self.half(208) * Float(signed(192 + i / 16)) * Float(q - 32)
        case .iq4_NL: return half(0) * Self.values[nibble(2, i)]
        case .iq4_XS:
            let group = i / 32
            let scale =
                bits(4 + group / 2, group % 2 * 4, 4) | bits(2 + group / 4, group % 4 * 2, 2) << 4
            return half(0) * Float(scale - 32) * Self.values[nibble(8 + group * 16, i % 32)]
        case .f8E4M3: return float8(bytes[0])
        case .f4E2M1:
            let bits = bits(0, i == 0 ? 4 : 0, 4)
            let (exponent, fraction) = (bits >> 1 & 3, Float(bits & 1))
            let size: Float =
                exponent == 0
                ? fraction / 2 : Float(sign: .plus, exponent: exponent - 1, significand: 1 + fraction / 2)
            return bits >> 3 == 1 ? -size : size
        case .f8E5M2: return half(bits: UInt16(bytes[0]) << 8)
        }
    }

    private static let values: [Float] = [
        -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
    ]

    private func half(_ at: Int) -> Float { half(bits: UInt16(bytes[at]) | UInt16(bytes[at + 1]) << 8) }

    private func half(bits: UInt16) -> Float { ReferenceBackend().float(half: bits) }

    private func signed(_ at: Int) -> Int { Int(Int8(bitPattern: bytes[at])) }

    /// `count` bits of a byte from `shift` up.
    private func bits(_ at: Int, _ shift: Int, _ count: Int) -> Int {
        Int(bytes[at]) >> shift & (1 << count - 1)
    }

    /// Bit `i` of a run.
    private func bit(_ at: Int, _ i: Int) -> Int { bits(at + i / 8, i % 8, 1) }

    /// Four bits of 32 elements: the first 16 in the lower halves of bytes.
    private func nibble(_ at: Int, _ i: Int) -> Int { bits(at + i % 16, i / 16 * 4, 4) }

    /// Four bits of pairs of 32 elements.
    private func halfByte(_ at: Int, _ i: Int) -> Int { bits(at + i / 64 * 32 + i % 32, i / 32 % 2 * 4, 4) }

    /// Two bits of four runs of 32 elements.
    private func pair(_ at: Int, _ i: Int) -> Int { bits(at + i / 128 * 32 + i % 32, i / 32 % 4 * 2, 2) }

    /// Factor and offset of a group of 32, which 12 bytes hold for eight.
    private func factors(_ group: Int) -> (Float, Float) {
        if group < 4 { return (Float(bits(4 + group, 0, 6)), Float(bits(8 + group, 0, 6))) }
        return (
            Float(bits(8 + group, 0, 4) | bits(group, 6, 2) << 4),
            Float(bits(8 + group, 4, 4) | bits(4 + group, 6, 2) << 4)
        )
    }
}
