/// How a row of weights is stored in fewer bits than a half: blocks of consecutive elements, each of the same number of bytes.
///
/// Blocks are ggml's ([ggml-common.h](https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h)): one or two halves for scale
/// and offset, 4- or 6-bit factors for groups of long blocks, and the elements in 2 to 8 bits. 8-bit floats are blocks of one, and pairs of 4-bit floats blocks of two;
/// both may have scales for groups of elements beside them (``GroupScales``).
public enum BlockEncoding: String, Sendable, CaseIterable {
    /// 4 bits, a scale for 32.
    case q4_0
    /// 4 bits, a scale and an offset for 32.
    case q4_1
    /// 5 bits, a scale for 32.
    case q5_0
    /// 5 bits, a scale and an offset for 32.
    case q5_1
    /// 8 bits, a scale for 32.
    case q8_0
    /// 2 bits, factors and offsets of 4 bits for 16.
    case q2_K
    /// 3 bits, factors of 6 bits for 16.
    case q3_K
    /// 4 bits, factors and offsets of 6 bits for 32.
    case q4_K
    /// 5 bits, factors and offsets of 6 bits for 32.
    case q5_K
    /// 6 bits, factors of 8 bits for 16.
    case q6_K
    /// 4 bits that number 16 values, a scale for 32.
    case iq4_NL
    /// 4 bits that number 16 values, factors of 6 bits for 32.
    case iq4_XS
    /// Floats of 4 bits of exponent and 3 of fraction, without infinity (torch's `float8_e4m3fn`).
    case f8E4M3
    /// Floats of 5 bits of exponent and 2 of fraction, the upper half of a half (torch's `float8_e5m2`).
    case f8E5M2
    /// Pairs of floats of 2 bits of exponent and 1 of fraction, the first in a byte's upper half, as NVFP4 has them.
    case f4E2M1

    /// Elements of a block; rows have whole blocks.
    public var blockLength: Int {
        switch self {
        case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .iq4_NL: 32
        case .q2_K, .q3_K, .q4_K, .q5_K, .q6_K, .iq4_XS: 256
        case .f8E4M3, .f8E5M2: 1
        case .f4E2M1: 2
        }
    }

    /// Bytes of a block.
    public var blockBytes: Int {
        switch self {
        case .q4_0, .iq4_NL: 18
        case .q4_1: 20
        case .q5_0: 22
        case .q5_1: 24
        case .q8_0: 34
        case .q2_K: 84
        case .q3_K: 110
        case .q4_K: 144
        case .q5_K: 176
        case .q6_K: 210
        case .iq4_XS: 136
        case .f8E4M3, .f8E5M2, .f4E2M1: 1
        }
    }

    /// Bytes of a row.
    ///
    /// - Parameter columns: Its elements.
    /// - Returns: nil unless these are whole blocks.
    public func rowBytes(_ columns: Int) -> Int? {
        columns.isMultiple(of: blockLength) ? columns / blockLength * blockBytes : nil
    }
}
