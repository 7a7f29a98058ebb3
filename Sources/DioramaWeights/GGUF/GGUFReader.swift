import DioramaFiles
import DioramaJSON

/// Reads a GGUF header from front to back, through a window of the file; every step is checked against the file's end.
struct GGUFReader {
    /// Where the next byte is.
    private(set) var position: Int
    private let file: OpenFile
    private let end: Int
    private var window: [UInt8] = []
    private var windowStart = 0

    private static let windowSize = 1 << 16
    /// Lists in lists; more than any file has.
    private static let deepestList = 8

    /// Reads from `position` to `end`, or the file's end.
    init(_ file: OpenFile, at position: Int = 0, end: Int? = nil) {
        self.file = file
        self.position = position
        self.end = Swift.min(end ?? file.byteCount, file.byteCount)
    }

    /// Bytes that are left.
    var rest: Int { end - position }

    /// Checks that `count` bytes are left.
    func require(_ count: UInt64, _ what: String) throws {
        guard count <= UInt64(rest) else {
            throw HeaderProblem(
                "\(what) needs \(count) bytes at byte \(position), but \(rest) are left; it may be cut short")
        }
    }

    /// Passes over bytes that `require` has found.
    mutating func skip(_ count: Int) { position += count }

    /// A whole number, little endian.
    mutating func integer<I: FixedWidthInteger>(_ what: String) throws -> I {
        let size = MemoryLayout<I>.size
        try require(UInt64(size), what)
        if position < windowStart || position + size > windowStart + window.count {
            window = try file.read(at: position, count: Swift.min(Self.windowSize, rest))
            windowStart = position
        }
        let at = position - windowStart
        position += size
        return window.withUnsafeBytes {
            I(littleEndian: $0.loadUnaligned(fromByteOffset: at, as: I.self))
        }
    }

    /// The length of a text, which is passed over.
    mutating func skipString(_ what: String) throws {
        let length: UInt64 = try integer(what)
        try require(length, what)
        skip(Int(length))
    }

    /// A text, of at most `limit` bytes.
    mutating func string(_ what: String, atMost limit: Int = .max) throws -> String {
        let length: UInt64 = try integer(what)
        try require(length, what)
        guard length <= limit else {
            throw HeaderProblem("\(what) has \(length) bytes; at most \(limit) are read")
        }
        let bytes: ArraySlice<UInt8>
        if position >= windowStart, position + Int(length) <= windowStart + window.count {
            bytes = window[position - windowStart..<position - windowStart + Int(length)]
        } else {
            bytes = try file.read(at: position, count: Int(length))[...]
        }
        position += Int(length)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw HeaderProblem("\(what) is not UTF-8")
        }
        return text
    }

    /// The type of a value.
    mutating func type(_ what: String) throws -> GGUFValueType {
        let number: UInt32 = try integer(what)
        guard let type = GGUFValueType(rawValue: number) else {
            throw HeaderProblem("\(what) has the unknown type \(number); known are 0 to 12")
        }
        return type
    }

    /// The type and number of a list's values, which the rest of the file may hold.
    private mutating func list(_ what: String) throws -> (GGUFValueType, Int) {
        let type = try type(what)
        let count: UInt64 = try integer(what)
        // A text has its length, a list its type and length.
        let smallest = UInt64(type.size ?? (type == .string ? 8 : 12))
        let (bytes, overflows) = count.multipliedReportingOverflow(by: smallest)
        try require(overflows ? .max : bytes, "\(what), a list of \(count) values,")
        return (type, Int(count))
    }

    /// Passes over a value, checking all of it.
    mutating func skipValue(_ type: GGUFValueType, _ what: String, depth: Int = 0) throws {
        if let size = type.size {
            try require(UInt64(size), what)
            skip(size)
            return
        }
        guard type == .array else { return try skipString(what) }
        guard depth < Self.deepestList else {
            throw HeaderProblem("\(what) has lists in lists more than \(Self.deepestList) deep")
        }
        let (element, count) = try list(what)
        if let size = element.size {
            skip(count * size)
        } else {
            for _ in 0..<count { try skipValue(element, what, depth: depth + 1) }
        }
    }

    /// A value that was checked before.
    mutating func value(_ type: GGUFValueType, _ what: String) throws -> GGUFValue {
        switch type {
        case .u8: .int(Int(try integer(what) as UInt8))
        case .i8: .int(Int(try integer(what) as Int8))
        case .u16: .int(Int(try integer(what) as UInt16))
        case .i16: .int(Int(try integer(what) as Int16))
        case .u32: .int(Int(try integer(what) as UInt32))
        case .i32: .int(Int(try integer(what) as Int32))
        case .i64: .int(Int(try integer(what) as Int64))
        case .u64: unsigned(try integer(what))
        case .f32: .float(Double(Float(bitPattern: try integer(what))))
        case .f64: .float(Double(bitPattern: try integer(what)))
        case .bool: .bool(try integer(what) as UInt8 != 0)
        case .string: .string(try string(what))
        case .array: try values(what)
        }
    }

    private func unsigned(_ value: UInt64) -> GGUFValue {
        Int(exactly: value).map(GGUFValue.int) ?? .unsigned(value)
    }

    private mutating func values(_ what: String) throws -> GGUFValue {
        let (type, count) = try list(what)
        var values: [GGUFValue] = []
        values.reserveCapacity(count)
        for _ in 0..<count { values.append(try value(type, what)) }
        switch type {
        case .f32, .f64: return .floats(values.compactMap(\.double))
        case .bool: return .bools(values.compactMap(\.bool))
        case .string: return .strings(values.compactMap(\.string))
        case .array: return .array(values)
        default:
            let ints = values.compactMap(\.int)
            return ints.count == count ? .ints(ints) : .array(values)
        }
    }
}
