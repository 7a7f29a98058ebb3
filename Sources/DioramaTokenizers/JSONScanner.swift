/// Reads JSON bytes value by value without building a tree, so that a vocabulary of 50,000 pieces is read in one pass.
///
/// A caller asks for the value it expects (`string()`, `object { ... }`) or passes over one (`skip()`). Members come
/// in the order of the file, repeated keys included. Text must be UTF-8, nesting at most `depthLimit`.
struct JSONScanner {
    /// The deepest nesting of arrays and objects that is read.
    static let depthLimit = 64

    /// A place in the file and what is wrong there.
    struct Failure: Error {
        let offset: Int
        let problem: String
    }

    /// What the next value is, judged by its first byte.
    enum Kind: String {
        case object = "an object"
        case array = "an array"
        case string = "a string"
        case number = "a number"
        case boolean = "true or false"
        case null
    }

    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    /// The line of an offset, from 1.
    func line(at offset: Int) -> Int {
        1 + bytes.prefix(offset).count { $0 == UInt8(ascii: "\n") }
    }

    /// A failure at the current position.
    func failure(_ problem: String) -> Failure { Failure(offset: position, problem: problem) }

    /// Checks that nothing but white space is left.
    mutating func end() throws(Failure) {
        skipSpace()
        guard position == bytes.count else { throw failure("there is text after the end of the JSON value") }
    }

    mutating func kind() throws(Failure) -> Kind {
        skipSpace()
        guard let byte = current else { throw failure("the JSON ends too early") }
        switch byte {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .boolean
        case UInt8(ascii: "n"): return .null
        default: throw failure("this is not a JSON value")
        }
    }

    // MARK: Values

    /// Calls `member` for every key, with the scanner standing before its value; `member` must read or skip it.
    mutating func object(_ member: (inout JSONScanner, String) throws(Failure) -> Void) throws(Failure) {
        try open("{", .object)
        guard !take("}") else { return close() }
        repeat {
            skipSpace()
            let key = try string()
            guard take(":") else { throw failure("expected a colon after the key \"\(key)\"") }
            try member(&self, key)
        } while take(",")
        guard take("}") else { throw failure("expected a comma or the end of the object") }
        close()
    }

    /// Calls `element` for every element; `element` must read or skip it.
    mutating func array(_ element: (inout JSONScanner) throws(Failure) -> Void) throws(Failure) {
        try open("[", .array)
        guard !take("]") else { return close() }
        repeat { try element(&self) } while take(",")
        guard take("]") else { throw failure("expected a comma or the end of the array") }
        close()
    }

    mutating func boolean() throws(Failure) -> Bool {
        try expect(.boolean)
        if take(word: "true") { return true }
        if take(word: "false") { return false }
        throw failure("this is not a JSON value")
    }

    mutating func null() throws(Failure) {
        try expect(.null)
        guard take(word: "null") else { throw failure("this is not a JSON value") }
    }

    /// A number as a Double; integers up to 2^53 are exact.
    mutating func number() throws(Failure) -> Double {
        try expect(.number)
        let start = position
        var whole = 0
        while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte),
            position - start < 15
        {
            whole = whole * 10 + Int(byte - UInt8(ascii: "0"))
            position += 1
        }
        guard let byte = current, Self.isNumberByte(byte) else { return Double(whole) }
        while let byte = current, Self.isNumberByte(byte) { position += 1 }
        guard let value = Double(String(decoding: bytes[start..<position], as: UTF8.self)), value.isFinite
        else {
            throw Failure(offset: start, problem: "this is not a JSON number")
        }
        return value
    }

    /// Passes over one value of any kind.
    mutating func skip() throws(Failure) {
        switch try kind() {
        case .object: try object { (scanner, _) throws(Failure) in try scanner.skip() }
        case .array: try array { (scanner) throws(Failure) in try scanner.skip() }
        case .string: _ = try string()
        case .number: _ = try number()
        case .boolean: _ = try boolean()
        case .null: try null()
        }
    }

    mutating func string() throws(Failure) -> String {
        try expect(.string)
        position += 1
        let start = position
        var unescaped: [UInt8]?
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                let end = position
                position += 1
                let text =
                    unescaped.map { String(validating: $0, as: UTF8.self) }
                    ?? String(validating: bytes[start..<end], as: UTF8.self)
                guard let text else {
                    throw Failure(offset: start, problem: "this string is not valid UTF-8")
                }
                return text
            case UInt8(ascii: "\\"):
                if unescaped == nil { unescaped = Array(bytes[start..<position]) }
                let scalar = try escape()
                unescaped?.append(contentsOf: String(scalar).utf8)
            case 0..<0x20:
                throw failure("a control character stands inside a string")
            default:
                unescaped?.append(byte)
                position += 1
            }
        }
        throw failure("the JSON ends inside a string")
    }

    // MARK: Pieces

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private static func isNumberByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
            UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            position += 1
        }
    }

    private mutating func take(_ mark: Unicode.Scalar) -> Bool {
        skipSpace()
        guard let byte = current, UInt32(byte) == mark.value else { return false }
        position += 1
        return true
    }

    private mutating func take(word: StaticString) -> Bool {
        word.withUTF8Buffer { word in
            guard bytes[position...].starts(with: word) else { return false }
            position += word.count
            return true
        }
    }

    private mutating func expect(_ expected: Kind) throws(Failure) {
        let found = try kind()
        guard found == expected else {
            throw failure("expected \(expected.rawValue), found \(found.rawValue)")
        }
    }

    private mutating func open(_ mark: Unicode.Scalar, _ kind: Kind) throws(Failure) {
        try expect(kind)
        position += 1
        depth += 1
        guard depth <= Self.depthLimit else {
            throw failure("values are nested more than \(Self.depthLimit) deep")
        }
    }

    private mutating func close() { depth -= 1 }

    /// One escape, or two `\u` escapes that are a surrogate pair.
    ///
    /// A lone surrogate becomes U+FFFD.
    private mutating func escape() throws(Failure) -> Unicode.Scalar {
        position += 1
        guard let mark = current else { throw failure("the JSON ends inside a string") }
        position += 1
        switch mark {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(mark)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw failure("a backslash in a string is followed by a character that is no escape")
        }
    }

    private mutating func unicodeEscape() throws(Failure) -> Unicode.Scalar {
        let replacement: Unicode.Scalar = "\u{FFFD}"
        let high = try fourHexDigits()
        guard UTF16.isLeadSurrogate(high) else { return Unicode.Scalar(high) ?? replacement }
        let afterHigh = position
        guard take(word: "\\u") else { return replacement }
        let low = try fourHexDigits()
        guard UTF16.isTrailSurrogate(low) else {
            position = afterHigh
            return replacement
        }
        return UTF16.decode(UTF16.EncodedScalar([high, low]))
    }

    private mutating func fourHexDigits() throws(Failure) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw failure("\\u in a string needs four hexadecimal digits")
            }
            value = value << 4 | UInt16(digit)
            position += 1
        }
        return value
    }
}
