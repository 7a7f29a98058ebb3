import DioramaTensor

/// Conversion of stored elements to a dtype of the runtime, element by element.
enum ElementConversion {
    /// Converts `count` elements of `type` at `source` (any alignment) into a new tensor of dtype `type.readAs`.
    ///
    /// Returns nil where the type needs no conversion, cannot be read, or a value does not fit (U64 beyond Int64).
    static func tensor(
        _ source: UnsafeRawBufferPointer, _ type: ElementType, shape: Shape, on device: Device
    ) -> Tensor? {
        let count = shape.count
        func values<Stored, Value>(_ stored: Stored.Type, _ convert: (Stored) -> Value) -> [Value] {
            (0..<count).map {
                convert(source.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Stored>.size, as: stored))
            }
        }
        switch type {
        case .bool: return Tensor(values(UInt8.self) { min($0, 1) }, shape, on: device)
        case .i8: return Tensor(values(Int8.self) { Int32($0) }, shape, on: device)
        case .i16: return Tensor(values(Int16.self) { Int32($0) }, shape, on: device)
        case .u16: return Tensor(values(UInt16.self) { Int32($0) }, shape, on: device)
        case .u32: return Tensor(values(UInt32.self) { Int64($0) }, shape, on: device)
        case .u64:
            let converted = values(UInt64.self) { Int64(exactly: $0) }
            let fitting = converted.compactMap { $0 }
            return fitting.count == count ? Tensor(fitting, shape, on: device) : nil
        case .f64: return Tensor(values(Double.self) { Float($0) }, shape, on: device)
        case .f8E8M0: return Tensor(values(UInt8.self, scaleE8M0), shape, on: device)
        case .f8E4M3: return float8(values(UInt8.self) { $0 }, Float8.e4m3, shape, device)
        case .f8E5M2: return float8(values(UInt8.self) { $0 }, Float8.e5m2, shape, device)
        case .f8E4M3FNUZ: return float8(values(UInt8.self) { $0 }, Float8.e4m3fnuz, shape, device)
        case .f8E5M2FNUZ: return float8(values(UInt8.self) { $0 }, Float8.e5m2fnuz, shape, device)
        default: return nil
        }
    }

    /// A power of two, 2^(byte - 127); 255 is NaN.
    private static func scaleE8M0(_ byte: UInt8) -> Float {
        byte == 255 ? .nan : Float(sign: .plus, exponent: Int(byte) - 127, significand: 1)
    }

    private static func float8(_ bytes: [UInt8], _ format: Float8, _ shape: Shape, _ device: Device) -> Tensor
    {
        let table = (UInt8.min...UInt8.max).map { format.halfBits($0) }
        let bits = bytes.map { table[Int($0)] }
        let storage = Storage(byteCount: bits.count * MemoryLayout<UInt16>.size, on: device)
        bits.withUnsafeBytes { source in
            if let start = source.baseAddress {
                storage.bytes.copyMemory(from: start, byteCount: source.count)
            }
        }
        return Tensor(storage: storage, byteOffset: 0, shape: shape, dtype: .f16, on: device)
    }
}

/// An 8-bit float format: sign, exponent, fraction, from the left.
struct Float8 {
    private let fractionBits: Int
    private let bias: Int
    private let special: Special

    private enum Special {
        /// The largest exponent is infinity (fraction 0) and NaN, as IEEE 754 has it.
        case ieee
        /// No infinity; all ones is NaN.
        case allOnesNaN
        /// No infinity and no negative zero; 0x80 is NaN.
        case negativeZeroNaN
    }

    static let e4m3 = Float8(fractionBits: 3, bias: 7, special: .allOnesNaN)
    static let e5m2 = Float8(fractionBits: 2, bias: 15, special: .ieee)
    static let e4m3fnuz = Float8(fractionBits: 3, bias: 8, special: .negativeZeroNaN)
    static let e5m2fnuz = Float8(fractionBits: 2, bias: 16, special: .negativeZeroNaN)

    /// The IEEE half-precision bits of the value of `byte`; exact for each of the four formats.
    func halfBits(_ byte: UInt8) -> UInt16 {
        let sign = UInt16(byte & 0x80) << 8
        let magnitude = Int(byte & 0x7F)
        let fraction = magnitude & (1 << fractionBits - 1)
        let exponent = magnitude >> fractionBits
        switch special {
        case .ieee where exponent == 31: return sign | 0x7C00 | UInt16(fraction) << 8
        case .allOnesNaN where magnitude == 0x7F: return sign | 0x7E00
        case .negativeZeroNaN where byte == 0x80: return 0x7E00
        default: break
        }
        // value = significand * 2^power with a whole significand
        let significand = exponent == 0 ? fraction : fraction + 1 << fractionBits
        return sign | Self.half(significand, power: max(exponent, 1) - bias - fractionBits)
    }

    /// `significand * 2^power` as half-precision bits, where that is exact.
    private static func half(_ significand: Int, power: Int) -> UInt16 {
        guard significand > 0 else { return 0 }
        let top = Int.bitWidth - 1 - significand.leadingZeroBitCount
        let exponent = top + power
        // Subnormal halves count in units of 2^-24.
        if exponent < -14 {
            return UInt16(power >= -24 ? significand << (power + 24) : significand >> (-24 - power))
        }
        return UInt16((exponent + 15) << 10 | (significand << (10 - top)) & 0x3FF)
    }
}
