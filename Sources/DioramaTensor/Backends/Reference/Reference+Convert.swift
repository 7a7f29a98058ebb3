extension ReferenceBackend {
    package func convert(
        _ out: UnsafeMutableRawPointer, _ outType: DType, _ x: UnsafeRawPointer, _ type: DType, count: Int
    ) {
        for i in 0..<count {
            if type.isFloat {
                store(loadFloat(x, type, at: i), out, outType, at: i)
            } else if outType.isFloat {
                store(Float(loadInteger(x, type, at: i)), out, outType, at: i)
            } else {
                storeInteger(loadInteger(x, type, at: i), out, outType, at: i)
            }
        }
    }

    /// Element `i` of a float buffer as f32.
    func loadFloat(_ x: UnsafeRawPointer, _ type: DType, at i: Int) -> Float {
        switch type {
        case .f32: x.load(fromByteOffset: i * 4, as: Float.self)
        case .f16: float(half: x.load(fromByteOffset: i * 2, as: UInt16.self))
        case .bf16: Float(bitPattern: UInt32(x.load(fromByteOffset: i * 2, as: UInt16.self)) << 16)
        case .i32, .i64, .u8: preconditionFailure("\(type) is not a float type")
        }
    }

    private func loadInteger(_ x: UnsafeRawPointer, _ type: DType, at i: Int) -> Int64 {
        switch type {
        case .i32: Int64(x.load(fromByteOffset: i * 4, as: Int32.self))
        case .i64: x.load(fromByteOffset: i * 8, as: Int64.self)
        case .u8: Int64(x.load(fromByteOffset: i, as: UInt8.self))
        case .f32, .f16, .bf16: preconditionFailure("\(type) is not an integer type")
        }
    }

    private func store(_ value: Float, _ out: UnsafeMutableRawPointer, _ type: DType, at i: Int) {
        switch type {
        case .f32: out.storeBytes(of: value, toByteOffset: i * 4, as: Float.self)
        case .f16: out.storeBytes(of: half(float: value), toByteOffset: i * 2, as: UInt16.self)
        case .bf16: out.storeBytes(of: brain(float: value), toByteOffset: i * 2, as: UInt16.self)
        case .i32: out.storeBytes(of: truncated(value), toByteOffset: i * 4, as: Int32.self)
        case .i64: out.storeBytes(of: truncated(value), toByteOffset: i * 8, as: Int64.self)
        case .u8: out.storeBytes(of: truncated(value), toByteOffset: i, as: UInt8.self)
        }
    }

    private func storeInteger(_ value: Int64, _ out: UnsafeMutableRawPointer, _ type: DType, at i: Int) {
        switch type {
        case .i32: out.storeBytes(of: Int32(clamping: value), toByteOffset: i * 4, as: Int32.self)
        case .i64: out.storeBytes(of: value, toByteOffset: i * 8, as: Int64.self)
        case .u8: out.storeBytes(of: UInt8(clamping: value), toByteOffset: i, as: UInt8.self)
        case .f32, .f16, .bf16: preconditionFailure("\(type) is not an integer type")
        }
    }

    /// Cut towards zero, held within the type's range; 0 for not-a-number.
    private func truncated<I: FixedWidthInteger>(_ value: Float) -> I {
        if value.isNaN { return 0 }
        if value <= Float(I.min) { return I.min }
        if value >= Float(I.max) { return I.max }
        return I(value)
    }

    /// The value of half-precision bits: sign, 5 bits of exponent biased by 15, 10 bits of fraction.
    func float(half bits: UInt16) -> Float {
        let sign: Float = bits >> 15 == 0 ? 1 : -1
        let exponent = Int(bits >> 10 & 0x1F)
        let fraction = Float(bits & 0x3FF)
        switch exponent {
        case 0: return sign * fraction * 0x1p-24
        case 31: return fraction == 0 ? sign * .infinity : .nan
        default:
            return sign * (1 + fraction * 0x1p-10)
                * Float(sign: .plus, exponent: exponent - 15, significand: 1)
        }
    }

    /// The nearest half to a single, ties to even.
    private func half(float value: Float) -> UInt16 {
        let sign: UInt16 = value.sign == .minus ? 0x8000 : 0
        let size = Swift.abs(value)
        if value.isNaN { return sign | 0x7E00 }
        if size >= 65520 { return sign | 0x7C00 }
        // One unit in the last place is 2^-24 for subnormals, else 2^(exponent - 10).
        let exponent = size < 0x1p-14 ? -14 : Int(size.exponent)
        let unit = Float(sign: .plus, exponent: exponent - 10, significand: 1)
        let units = UInt16((size / unit).rounded(.toNearestOrEven))
        // Units of a normal number count the hidden bit, which carries into the exponent's field.
        return sign | (size < 0x1p-14 ? units : UInt16(exponent + 14) << 10 + units)
    }

    /// The nearest bfloat16 to a single, ties to even.
    private func brain(float value: Float) -> UInt16 {
        let bits = value.bitPattern
        if value.isNaN { return UInt16(bits >> 16) | 0x40 }
        return UInt16((bits + 0x7FFF + (bits >> 16 & 1)) >> 16)
    }
}
