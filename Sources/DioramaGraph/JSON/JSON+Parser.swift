extension JSON {
    /// How much a text may hold, so that a hostile file costs neither the stack nor the memory.
    public struct Limits: Sendable {
        /// The most bytes of text.
        public var bytes: Int
        /// The deepest nesting of lists and objects.
        public var depth: Int

        /// Limits far above every real graph: 64 MiB and 512 levels.
        ///
        /// - Parameters:
        ///   - bytes: the most bytes of text.
        ///   - depth: the deepest nesting of lists and objects, at most a few thousand: parsing recurses.
        public init(bytes: Int = 64 << 20, depth: Int = 512) {
            self.bytes = bytes
            self.depth = depth
        }
    }

    /// A place in a text.
    public struct Position: Hashable, Sendable, CustomStringConvertible {
        /// From 1.
        public let line: Int
        /// In Unicode scalars, from 1.
        public let column: Int
        /// "line 3, column 14".
        public var description: String { "line \(line), column \(column)" }
    }

    /// Why a text is not JSON, and where.
    public struct ParseError: Error, Hashable, CustomStringConvertible {
        /// Where reading stopped.
        public let position: Position
        /// What would have been right there and what stands there instead.
        public let message: String
        /// "line 3, column 14: expected ',' or '}', found ']'".
        public var description: String { "\(position): \(message)" }
    }

    /// A key that an object has twice, which JSON leaves undefined.
    public struct DuplicateKey: Hashable, Sendable {
        /// The keys and indices that lead to the object, without the key itself.
        public let path: [String]
        /// The key.
        public let key: String
        /// Where the second one stands.
        public let position: Position
    }

    /// Reads a UTF-8 text; of duplicate keys the last wins, as in Python.
    ///
    /// Beyond the standard it accepts what Python writes and reads: `NaN`, `Infinity`, `-Infinity`, a byte order
    /// mark, and half a surrogate pair, which becomes U+FFFD.
    ///
    /// - Parameters:
    ///   - bytes: the text.
    ///   - limits: the most it may hold.
    /// - Throws: `ParseError` at the first thing that is not JSON.
    public init(parsing bytes: some Sequence<UInt8>, limits: Limits = Limits()) throws(ParseError) {
        self = try Self.parsed(bytes, limits: limits).value
    }

    /// Reads a text and also tells which keys stand twice.
    ///
    /// - Parameters:
    ///   - bytes: the text in UTF-8.
    ///   - limits: the most it may hold.
    /// - Returns: the value, and every key that is repeated within its object (at most 100 of them).
    /// - Throws: `ParseError` at the first thing that is not JSON.
    public static func parsed(
        _ bytes: some Sequence<UInt8>, limits: Limits = Limits()
    ) throws(ParseError) -> (value: JSON, duplicates: [DuplicateKey]) {
        var parser = JSONParser(bytes: Array(bytes), limits: limits)
        let value = try parser.document()
        return (value, parser.duplicates)
    }
}

/// Reads one text by recursive descent.
private struct JSONParser {
    let bytes: [UInt8]
    let limits: JSON.Limits
    var index = 0
    var path: [String] = []
    var duplicates: [JSON.DuplicateKey] = []

    init(bytes: [UInt8], limits: JSON.Limits) {
        self.bytes = bytes
        self.limits = limits
    }

    // MARK: Values

    mutating func document() throws(JSON.ParseError) -> JSON {
        guard bytes.count <= limits.bytes else {
            throw error("the text has \(bytes.count) bytes, more than the limit of \(limits.bytes)", at: 0)
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw error("the text is UTF-16; save it as UTF-8", at: 0)
        }
        skipSpace()
        guard index < bytes.count else { throw error("the text is empty", at: index) }
        let value = try value()
        skipSpace()
        guard index == bytes.count else { throw expected("the end of the text") }
        return value
    }

    private mutating func value() throws(JSON.ParseError) -> JSON {
        switch peek() {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"): return try number()
        case let digit? where (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit): return try number()
        default: break
        }
        for (word, value) in Self.words where take(word) { return value }
        throw expected("a value")
    }

    private static let words: [(String, JSON)] = [
        ("true", true), ("false", false), ("null", nil), ("NaN", .double(.nan)),
        ("Infinity", .double(.infinity)),
    ]

    private mutating func object() throws(JSON.ParseError) -> JSON {
        try enter()
        var members = JSON.Object()
        if try close("}") { return .object(members) }
        repeat {
            skipSpace()
            guard peek() == UInt8(ascii: "\"") else {
                throw expected(members.isEmpty ? "a quoted name or '}'" : "a quoted name")
            }
            let start = index
            let key = try string()
            if members[key] != nil, duplicates.count < 100 {
                duplicates.append(.init(path: path, key: key, position: position(of: start)))
            }
            skipSpace()
            guard take(":") else { throw expected("':'") }
            skipSpace()
            path.append(key)
            members[key] = try value()
            path.removeLast()
        } while try !next("}")
        return .object(members)
    }

    private mutating func array() throws(JSON.ParseError) -> JSON {
        try enter()
        var elements: [JSON] = []
        if try close("]") { return .array(elements) }
        repeat {
            skipSpace()
            path.append(String(elements.count))
            elements.append(try value())
            path.removeLast()
        } while try !next("]")
        return .array(elements)
    }

    private mutating func enter() throws(JSON.ParseError) {
        guard path.count < limits.depth else {
            throw error("lists and objects are nested deeper than \(limits.depth) levels", at: index)
        }
        index += 1
    }

    private mutating func close(_ bracket: String) throws(JSON.ParseError) -> Bool {
        skipSpace()
        return take(bracket)
    }

    /// Passes a comma, or the closing bracket and then returns true.
    private mutating func next(_ bracket: String) throws(JSON.ParseError) -> Bool {
        skipSpace()
        if take(bracket) { return true }
        guard take(",") else { throw expected("',' or '\(bracket)'") }
        return false
    }

    // MARK: Numbers

    private mutating func number() throws(JSON.ParseError) -> JSON {
        let start = index
        let negative = take("-")
        if negative, take("Infinity") { return .double(-.infinity) }
        var isWhole = true
        let whole = digits()
        guard whole > 0 else { throw expected("a digit") }
        if whole > 1, bytes[index - whole] == UInt8(ascii: "0") {
            throw error("a number does not begin with 0", at: start)
        }
        if take(".") {
            isWhole = false
            guard digits() > 0 else { throw expected("a digit") }
        }
        if take("e") || take("E") {
            isWhole = false
            if !take("+") { _ = take("-") }
            guard digits() > 0 else { throw expected("a digit") }
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if isWhole {
            if let value = Int(text) { return .integer(value) }
            if let value = UInt64(text) { return .unsigned(value) }
        }
        guard let value = Double(text) else { throw error("\(text) is not a number", at: start) }
        return .double(value)
    }

    private mutating func digits() -> Int {
        let start = index
        while index < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) {
            index += 1
        }
        return index - start
    }

    // MARK: Strings

    private mutating func string() throws(JSON.ParseError) -> String {
        let start = index
        index += 1
        var text = ""
        while true {
            let run = index
            while index < bytes.count, bytes[index] >= 0x20, bytes[index] != UInt8(ascii: "\""),
                bytes[index] != UInt8(ascii: "\\")
            {
                index += 1
            }
            if run < index {
                guard let part = String(validating: bytes[run..<index], as: UTF8.self) else {
                    throw error("the text is not UTF-8", at: run)
                }
                text += part
            }
            guard index < bytes.count else { throw error("this quoted text has no closing '\"'", at: start) }
            switch bytes[index] {
            case UInt8(ascii: "\""):
                index += 1
                return text
            case UInt8(ascii: "\\"):
                text.unicodeScalars.append(try escape())
            default:
                throw error("a line break or control character in a quoted text must be escaped", at: index)
            }
        }
    }

    private mutating func escape() throws(JSON.ParseError) -> Unicode.Scalar {
        let start = index
        index += 1
        for (letter, scalar) in Self.escapes where take(letter) { return scalar }
        guard take("u"), let unit = hexadecimal() else {
            throw error("expected an escape such as \\n, \\\" or \\u00e9", at: start)
        }
        if let scalar = Unicode.Scalar(UInt32(unit)) { return scalar }
        let afterHigh = index
        if unit < 0xDC00, take("\\u"), let low = hexadecimal(), (0xDC00...0xDFFF).contains(low),
            let scalar = Unicode.Scalar(0x10000 + (UInt32(unit) - 0xD800) << 10 + UInt32(low) - 0xDC00)
        {
            return scalar
        }
        index = afterHigh
        return "\u{FFFD}"
    }

    private static let escapes: [(String, Unicode.Scalar)] = [
        ("\"", "\""), ("\\", "\\"), ("/", "/"), ("b", "\u{8}"), ("f", "\u{C}"), ("n", "\n"), ("r", "\r"),
        ("t", "\t"),
    ]

    private mutating func hexadecimal() -> UInt16? {
        guard index + 4 <= bytes.count,
            bytes[index..<index + 4].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let unit = UInt16(String(decoding: bytes[index..<index + 4], as: UTF8.self), radix: 16)
        else { return nil }
        index += 4
        return unit
    }

    // MARK: The text

    private func peek() -> UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func take(_ word: String) -> Bool {
        guard bytes[index...].starts(with: word.utf8) else { return false }
        index += word.utf8.count
        return true
    }

    private mutating func skipSpace() {
        while index < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) { index += 1 }
    }

    // MARK: Errors

    private func expected(_ what: String) -> JSON.ParseError {
        guard index < bytes.count else {
            return error("expected \(what), found the end of the text", at: index)
        }
        let rest = String(decoding: bytes[index...].prefix(4), as: UTF8.self)
        let found = rest.first.map { "'\($0)'" } ?? "nothing"
        return error("expected \(what), found \(found)", at: index)
    }

    private func error(_ message: String, at offset: Int) -> JSON.ParseError {
        JSON.ParseError(position: position(of: offset), message: message)
    }

    private func position(of offset: Int) -> JSON.Position {
        let before = bytes[..<offset]
        let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        let line = before.count { $0 == 0x0A } + 1
        // Continuation bytes of UTF-8 do not begin a scalar.
        let column = before[lineStart...].count { $0 & 0xC0 != 0x80 } + 1
        return JSON.Position(line: line, column: column)
    }
}
