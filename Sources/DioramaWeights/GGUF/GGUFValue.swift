/// A value of a GGUF file's metadata, such as a tokenizer's list of words.
public enum GGUFValue: Hashable, Sendable {
    /// A whole number of up to 64 bits.
    case int(Int)
    /// A whole number beyond `Int.max`.
    case unsigned(UInt64)
    /// A float, single or double.
    case float(Double)
    /// True or false.
    case bool(Bool)
    /// A text.
    case string(String)
    /// Whole numbers.
    case ints([Int])
    /// Floats.
    case floats([Double])
    /// Truth values.
    case bools([Bool])
    /// Texts.
    case strings([String])
    /// Lists, or whole numbers of which some are beyond `Int.max`.
    case array([GGUFValue])

    /// The whole number, else nil.
    public var int: Int? {
        if case .int(let value) = self { value } else { nil }
    }

    /// Any number, else nil.
    public var double: Double? {
        switch self {
        case .int(let value): Double(value)
        case .unsigned(let value): Double(value)
        case .float(let value): value
        default: nil
        }
    }

    /// The truth value, else nil.
    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The text, else nil.
    public var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The whole numbers of a list, else nil.
    public var ints: [Int]? {
        if case .ints(let values) = self { values } else { nil }
    }

    /// The numbers of a list, else nil.
    public var doubles: [Double]? {
        switch self {
        case .floats(let values): values
        case .ints(let values): values.map(Double.init)
        default: nil
        }
    }

    /// The texts of a list, else nil.
    public var strings: [String]? {
        if case .strings(let values) = self { values } else { nil }
    }
}

/// How a metadata value is stored, by the numbers of the format.
enum GGUFValueType: UInt32 {
    case u8, i8, u16, i16, u32, i32, f32, bool, string, array, u64, i64, f64

    /// Bytes of a value; nil for those that say themselves.
    var size: Int? {
        switch self {
        case .u8, .i8, .bool: 1
        case .u16, .i16: 2
        case .u32, .i32, .f32: 4
        case .u64, .i64, .f64: 8
        case .string, .array: nil
        }
    }
}
