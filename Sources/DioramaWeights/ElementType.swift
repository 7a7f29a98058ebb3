public import DioramaTensor

/// How a safetensors file stores one element: the names of the format, complete as of safetensors 0.7.
public enum ElementType: String, Sendable, CaseIterable {
    case bool = "BOOL"
    case f4 = "F4"
    case f6E2M3 = "F6_E2M3"
    case f6E3M2 = "F6_E3M2"
    case u8 = "U8"
    case i8 = "I8"
    case f8E5M2 = "F8_E5M2"
    case f8E4M3 = "F8_E4M3"
    case f8E8M0 = "F8_E8M0"
    case f8E4M3FNUZ = "F8_E4M3FNUZ"
    case f8E5M2FNUZ = "F8_E5M2FNUZ"
    case i16 = "I16"
    case u16 = "U16"
    case f16 = "F16"
    case bf16 = "BF16"
    case i32 = "I32"
    case u32 = "U32"
    case f32 = "F32"
    case c64 = "C64"
    case f64 = "F64"
    case i64 = "I64"
    case u64 = "U64"

    /// Bits of one element.
    public var bits: Int {
        switch self {
        case .f4: 4
        case .f6E2M3, .f6E3M2: 6
        case .bool, .u8, .i8, .f8E5M2, .f8E4M3, .f8E8M0, .f8E4M3FNUZ, .f8E5M2FNUZ: 8
        case .i16, .u16, .f16, .bf16: 16
        case .i32, .u32, .f32: 32
        case .c64, .f64, .i64, .u64: 64
        }
    }

    /// The dtype whose bytes are the same, so that a tensor can be used in place; nil where elements must be converted.
    public var native: DType? {
        switch self {
        case .f32: .f32
        case .f16: .f16
        case .bf16: .bf16
        case .i32: .i32
        case .i64: .i64
        case .u8: .u8
        default: nil
        }
    }

    /// The dtype a tensor of this type is read as; nil where it cannot be read.
    ///
    /// 8-bit floats become f16, which holds each of their values exactly (scales, F8_E8M0, become f32); integers become the next
    /// wider type that holds them; f64 is rounded to f32.
    public var readAs: DType? {
        switch self {
        case .bool, .u8: .u8
        case .i8, .i16, .u16, .i32: .i32
        case .u32, .i64, .u64: .i64
        case .f8E5M2, .f8E4M3, .f8E5M2FNUZ, .f8E4M3FNUZ, .f16: .f16
        case .bf16: .bf16
        case .f8E8M0, .f32, .f64: .f32
        case .f4, .f6E2M3, .f6E3M2, .c64: nil
        }
    }
}
