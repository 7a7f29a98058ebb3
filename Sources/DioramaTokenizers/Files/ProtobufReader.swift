/// Reads the fields of a protobuf message one by one, never past its end.
struct ProtobufReader {
    /// Bytes that are no protobuf, or not the one that was expected.
    struct Failure: Error, CustomStringConvertible {
        let offset: Int
        let problem: String

        var description: String { "byte \(offset): \(problem)" }
    }

    /// A field's value as it is stored.
    enum Value {
        case integer(UInt64)
        case fixed64
        case bytes(Range<Int>)
        case fixed32(UInt32)
    }

    struct Field {
        let number: UInt64
        let value: Value
        /// The byte where the field begins.
        let start: Int
    }

    private let data: [UInt8]
    private var position: Int
    private let end: Int

    init(_ data: [UInt8]) {
        self.data = data
        position = 0
        end = data.count
    }

    private init(_ data: [UInt8], _ range: Range<Int>) {
        self.data = data
        position = range.lowerBound
        end = range.upperBound
    }

    /// The next field; nil at the end of the message.
    mutating func next() throws(Failure) -> Field? {
        guard position < end else { return nil }
        let start = position
        let key = try varint()
        let value: Value
        switch key & 7 {
        case 0: value = .integer(try varint())
        case 1:
            _ = try take(8)
            value = .fixed64
        case 2:
            let length = try varint()
            guard length <= UInt64(end - position) else {
                throw Failure(
                    offset: start,
                    problem: "a field of \(length) bytes, but only \(end - position) are left of its message")
            }
            value = .bytes(try take(Int(length)))
        case 5:
            let range = try take(4)
            value = .fixed32(data[range].reversed().reduce(0) { $0 << 8 | UInt32($1) })
        default:
            throw Failure(
                offset: start, problem: "a field of wire type \(key & 7), which protobuf does not use")
        }
        return Field(number: key >> 3, value: value, start: start)
    }

    /// The message that a field holds.
    func message(_ field: Field, _ name: String) throws(Failure) -> ProtobufReader {
        guard case .bytes(let range) = field.value else { throw wrong(field, name, "a message") }
        return ProtobufReader(data, range)
    }

    /// The bytes of a field.
    func bytes(_ field: Field, _ name: String) throws(Failure) -> ArraySlice<UInt8> {
        guard case .bytes(let range) = field.value else { throw wrong(field, name, "bytes") }
        return data[range]
    }

    /// The whole number of a field.
    func integer(_ field: Field, _ name: String) throws(Failure) -> UInt64 {
        guard case .integer(let value) = field.value else { throw wrong(field, name, "a whole number") }
        return value
    }

    /// The 32-bit float of a field.
    func float(_ field: Field, _ name: String) throws(Failure) -> Float {
        guard case .fixed32(let bits) = field.value else { throw wrong(field, name, "a 32-bit float") }
        return Float(bitPattern: bits)
    }

    private func wrong(_ field: Field, _ name: String, _ expected: String) -> Failure {
        Failure(offset: field.start, problem: "field \(field.number), \(name), is not \(expected)")
    }

    private mutating func take(_ count: Int) throws(Failure) -> Range<Int> {
        guard count <= end - position else {
            throw Failure(
                offset: position, problem: "\(count) bytes expected, but only \(end - position) are left")
        }
        position += count
        return position - count..<position
    }

    private mutating func varint() throws(Failure) -> UInt64 {
        let start = position
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard position < end else {
                throw Failure(offset: start, problem: "a number that has no end")
            }
            let byte = data[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw Failure(offset: start, problem: "a number of more than 10 bytes")
    }
}
