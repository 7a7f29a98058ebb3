public import DioramaTensor

/// How a weights file stores elements: the names of safetensors, complete as of 0.7, and those of ggml's blocks.
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
    // ggml's blocks: only in GGUF files.
    case q4_0 = "Q4_0"
    case q4_1 = "Q4_1"
    case q5_0 = "Q5_0"
    case q5_1 = "Q5_1"
    case q8_0 = "Q8_0"
    case q8_1 = "Q8_1"
    case q2_K = "Q2_K"
    case q3_K = "Q3_K"
    case q4_K = "Q4_K"
    case q5_K = "Q5_K"
    case q6_K = "Q6_K"
    case q8_K = "Q8_K"
    case iq1_S = "IQ1_S"
    case iq1_M = "IQ1_M"
    case iq2_XXS = "IQ2_XXS"
    case iq2_XS = "IQ2_XS"
    case iq2_S = "IQ2_S"
    case iq3_XXS = "IQ3_XXS"
    case iq3_S = "IQ3_S"
    case iq4_NL = "IQ4_NL"
    case iq4_XS = "IQ4_XS"
    case tq1_0 = "TQ1_0"
    case tq2_0 = "TQ2_0"
    case mxFP4 = "MXFP4"
    case nvFP4 = "NVFP4"
    case q1_0 = "Q1_0"
    // Only in safetensors files whose text says so of a layer: U8 that hold two 4-bit floats each.
    case f4Pairs = "F4_E2M1 in U8"

    /// Elements that are stored together, one after another in a row; 1 for types that store each by itself.
    public var blockLength: Int {
        switch self {
        case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .q8_1, .iq4_NL, .mxFP4: 32
        case .f4Pairs: 2
        case .nvFP4: 64
        case .q1_0: 128
        case .q2_K, .q3_K, .q4_K, .q5_K, .q6_K, .q8_K, .iq1_S, .iq1_M, .iq2_XXS, .iq2_XS, .iq2_S,
            .iq3_XXS, .iq3_S, .iq4_XS, .tq1_0, .tq2_0:
            256
        default: 1
        }
    }

    /// Bits of one block: of one element where each is stored by itself.
    public var blockBits: Int {
        switch self {
        case .f4: 4
        case .f6E2M3, .f6E3M2: 6
        case .bool, .u8, .i8, .f8E5M2, .f8E4M3, .f8E8M0, .f8E4M3FNUZ, .f8E5M2FNUZ, .f4Pairs: 8
        case .i16, .u16, .f16, .bf16: 16
        case .i32, .u32, .f32: 32
        case .c64, .f64, .i64, .u64: 64
        case .mxFP4: 8 * 17
        case .q4_0, .iq4_NL, .q1_0: 8 * 18
        case .q4_1: 8 * 20
        case .q5_0: 8 * 22
        case .q5_1: 8 * 24
        case .q8_0: 8 * 34
        case .q8_1, .nvFP4: 8 * 36
        case .iq1_S: 8 * 50
        case .tq1_0: 8 * 54
        case .iq1_M: 8 * 56
        case .iq2_XXS, .tq2_0: 8 * 66
        case .iq2_XS: 8 * 74
        case .iq2_S: 8 * 82
        case .q2_K: 8 * 84
        case .iq3_XXS: 8 * 98
        case .q3_K, .iq3_S: 8 * 110
        case .iq4_XS: 8 * 136
        case .q4_K: 8 * 144
        case .q5_K: 8 * 176
        case .q6_K: 8 * 210
        case .q8_K: 8 * 292
        }
    }

    /// Whether safetensors files may have it: every type that stores each element by itself.
    var isOfSafetensors: Bool { blockLength == 1 }

    /// Whether each element is one byte.
    var isByte: Bool { blockLength == 1 && blockBits == 8 }

    /// Bytes of a tensor.
    ///
    /// - Parameter dims: its extents, none negative.
    /// - Returns: nil where they overflow, the last is not whole blocks, or the tensor does not end at a whole byte.
    func byteCount(_ dims: [Int]) -> Int? {
        guard (dims.last ?? 1).isMultiple(of: blockLength) else { return nil }
        // The product without zeros bounds every stride, so it must not overflow even where the tensor is empty.
        var extent = 1
        for dimension in dims where dimension > 0 {
            let (product, overflows) = extent.multipliedReportingOverflow(by: dimension)
            guard !overflows else { return nil }
            extent = product
        }
        let blocks = dims.contains(0) ? 0 : extent / blockLength
        let (_, tooLarge) = extent.multipliedReportingOverflow(by: blockBits)
        let bits = tooLarge ? 1 : blocks * blockBits
        return bits.isMultiple(of: 8) ? bits / 8 : nil
    }

    /// How rows are unpacked where they are used; nil for types that are used as they are, converted, or not known.
    public var encoding: BlockEncoding? {
        switch self {
        case .q4_0: .q4_0
        case .q4_1: .q4_1
        case .q5_0: .q5_0
        case .q5_1: .q5_1
        case .q8_0: .q8_0
        case .q2_K: .q2_K
        case .q3_K: .q3_K
        case .q4_K: .q4_K
        case .q5_K: .q5_K
        case .q6_K: .q6_K
        case .iq4_NL: .iq4_NL
        case .iq4_XS: .iq4_XS
        case .f8E4M3: .f8E4M3
        case .f8E5M2: .f8E5M2
        case .f4Pairs: .f4E2M1
        default: nil
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
    /// 8-bit floats become f16, which holds each of their values exactly (scales, F8_E8M0, become f32); blocks become f32, for
    /// their values have up to 24 bits; integers become the next wider type that holds them; f64 is rounded to f32.
    public var readAs: DType? {
        switch self {
        case .bool, .u8: .u8
        case .i8, .i16, .u16, .i32: .i32
        case .u32, .i64, .u64: .i64
        case .f8E5M2, .f8E4M3, .f8E5M2FNUZ, .f8E4M3FNUZ, .f16: .f16
        case .bf16: .bf16
        case .f8E8M0, .f32, .f64: .f32
        case .f4, .f6E2M3, .f6E3M2, .c64: nil
        default: encoding == nil ? nil : .f32
        }
    }
}
