/// The type of a tensor's elements.
public enum DType: String, Sendable, CaseIterable {
    /// IEEE 754 single precision, the type all arithmetic is done in.
    case f32
    /// IEEE 754 half precision: 5 bits of exponent, 10 of fraction.
    case f16
    /// The upper half of a single: 8 bits of exponent, 7 of fraction.
    case bf16
    /// Signed 32-bit integer.
    case i32
    /// Signed 64-bit integer.
    case i64
    /// Unsigned byte.
    case u8

    /// Bytes in one element.
    public var size: Int {
        switch self {
        case .u8: 1
        case .f16, .bf16: 2
        case .f32, .i32: 4
        case .i64: 8
        }
    }

    /// True for f32, f16 and bf16.
    public var isFloat: Bool {
        switch self {
        case .f32, .f16, .bf16: true
        case .i32, .i64, .u8: false
        }
    }
}

extension DType {
    /// The element type of an op's result: f16 or bf16 where all float operands are alike, else f32.
    package static func result(of operands: [Tensor?]) -> DType {
        var result: DType?
        for case let operand? in operands where operand.dtype.isFloat && operand.dtype != result {
            guard result == nil else { return .f32 }
            result = operand.dtype
        }
        return result ?? .f32
    }
}
