/// Bytes of tensors that follow from a name, a type and a shape: what `tools/golden/spellings.py` has run with.
enum TensorNoise {
    /// A type whose elements are multiplied with scales.
    struct Scaled {
        let element: String
        let format: String
        let perRow: Bool
        let group: Int?
        /// The exponent of the largest elements, about.
        let largest: Int
    }

    static let scaled = [
        "F8_E4M3 scaled": Scaled(
            element: "F8_E4M3", format: "float8_e4m3fn", perRow: false, group: nil, largest: 8),
        "F8_E5M2 scaled": Scaled(
            element: "F8_E5M2", format: "float8_e5m2", perRow: true, group: nil, largest: 8),
        "I8 scaled": Scaled(element: "I8", format: "int8_tensorwise", perRow: true, group: nil, largest: 7),
        "I8 rotated": Scaled(element: "I8", format: "int8_tensorwise", perRow: true, group: 16, largest: 7),
    ]

    /// GGUF's numbers of types.
    static let numbers: [String: UInt32] = [
        "F32": 0, "F16": 1, "Q4_0": 2, "Q4_1": 3, "Q5_0": 6, "Q5_1": 7, "Q8_0": 8, "Q2_K": 10, "Q3_K": 11,
        "Q4_K": 12, "Q5_K": 13, "Q6_K": 14, "IQ4_NL": 20, "IQ4_XS": 23, "BF16": 30,
    ]

    /// Bits of the exponent and of the mantissa, and the exponent's zero.
    private static let floats: [String: (exponent: Int, mantissa: Int, zero: Int)] = [
        "F32": (8, 23, 127), "F16": (5, 10, 15), "BF16": (8, 7, 127), "F8_E4M3": (4, 3, 7),
        "F8_E5M2": (5, 2, 15),
    ]

    /// Weights and bytes of a block, and its halves: where, and by which exponent of 2 they are smaller than weights.
    private static let blocks: [String: (length: Int, size: Int, halves: [(at: Int, smaller: Int)])] = [
        "Q4_0": (32, 18, [(0, 3)]), "Q4_1": (32, 20, [(0, 3), (2, 1)]), "Q5_0": (32, 22, [(0, 4)]),
        "Q5_1": (32, 24, [(0, 4), (2, 1)]), "Q8_0": (32, 34, [(0, 6)]), "IQ4_NL": (32, 18, [(0, 7)]),
        "Q2_K": (256, 84, [(80, 6), (82, 4)]), "Q3_K": (256, 110, [(108, 6)]),
        "Q4_K": (256, 144, [(0, 9), (2, 6)]), "Q5_K": (256, 176, [(0, 10), (2, 6)]),
        "Q6_K": (256, 210, [(208, 11)]), "IQ4_XS": (256, 136, [(0, 11)]),
    ]

    /// The bytes of a tensor.
    static func bytes(_ name: String, _ type: String, _ shape: [Int]) -> [UInt8] {
        let count = shape.reduce(1, *)
        if let block = blocks[type] {
            var bytes = raw(name, count / block.length * block.size)
            for (at, smaller) in block.halves {
                let halves = floats(
                    "\(name).\(at)", count / block.length, "F16", exponent(shape) - smaller)
                for index in 0..<count / block.length {
                    bytes.replaceSubrange(
                        index * block.size + at..<index * block.size + at + 2,
                        with: halves[2 * index..<2 * index + 2])
                }
            }
            return bytes
        }
        if let scaled = scaled[type] {
            return scaled.element == "I8"
                ? raw(name, count) : floats(name, count, scaled.element, scaled.largest - 1)
        }
        let isNorm = shape.count == 1 && (name.hasSuffix("weight") || name.hasSuffix("scale"))
        return isNorm
            ? floats(name, count, type, 0, spread: 1, isSigned: false)
            : floats(name, count, type, shape.count == 1 ? -4 : exponent(shape))
    }

    /// The scales of a tensor, F32.
    static func scales(_ name: String, _ shape: [Int], _ scaled: Scaled) -> [UInt8] {
        floats(
            "\(name)_scale", scaled.perRow ? shape[0] : 1, "F32", exponent(shape) - scaled.largest,
            spread: 1, isSigned: false)
    }

    /// The exponent of the largest weights, so that a layer keeps the size of what it is given.
    private static func exponent(_ shape: [Int]) -> Int {
        let inputs = shape.dropFirst().reduce(1, *)
        return -((Int.bitWidth - (inputs - 1).leadingZeroBitCount) / 2)
    }

    private static func raw(_ name: String, _ count: Int) -> [UInt8] {
        var source = SeededGenerator(fnv1a(name.utf8))
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count { bytes += littleEndian(source.next()) }
        return Array(bytes.prefix(count))
    }

    /// Floats of `spread` exponents up to `exponent`: the lowest bit is the sign, two more the exponent, the highest the mantissa.
    private static func floats(
        _ name: String, _ count: Int, _ type: String, _ exponent: Int, spread: UInt64 = 4,
        isSigned: Bool = true
    ) -> [UInt8] {
        guard let form = floats[type] else { return [] }
        var source = SeededGenerator(fnv1a(name.utf8))
        let size = (form.exponent + form.mantissa + 1) / 8
        return Array(unsafeUninitializedCapacity: count * size) { bytes, written in
            for index in 0..<count {
                let z = source.next()
                let sign = isSigned ? z & 1 : 0
                let field = UInt64(max(form.zero + exponent - Int(z >> 1 & (spread - 1)), 0))
                let bits =
                    sign << UInt64(form.exponent + form.mantissa) | field << UInt64(form.mantissa)
                    | z >> UInt64(64 - form.mantissa)
                for byte in 0..<size {
                    bytes.initializeElement(
                        at: index * size + byte, to: UInt8(truncatingIfNeeded: bits >> UInt64(8 * byte)))
                }
            }
            written = count * size
        }
    }
}
