/// A syntax error in a JSON text, with the byte where it was seen.
struct JSONSyntaxError: Error, CustomStringConvertible {
    let offset: Int
    let problem: String

    var description: String { "not valid JSON, at byte \(offset): \(problem)" }
}

/// Reads strict JSON (RFC 8259) from bytes, one piece at a time, without building a tree.
///
/// Nothing is allocated but the strings asked for, nesting beyond `depthLimit` is an error and so is a key that occurs twice, so
/// a hostile text costs no more than its own size. The safetensors header is read in one pass this way.
struct JSONScanner {
    /// What the next value is, told by its first byte.
    enum Kind { case object, array, string, number, literal }

    private let bytes: [UInt8]
    private let depthLimit: Int
    private var depth = 0
    /// The next byte to be read.
    private(set) var position = 0

    init(_ bytes: [UInt8], depthLimit: Int = 64) {
        self.bytes = bytes
        self.depthLimit = depthLimit
    }

    /// Reads an object; `member` is called after each key and must read its value.
    mutating func object(_ member: (inout JSONScanner, String) throws -> Void) throws {
        try enter(UInt8(ascii: "{"), "an object")
        var keys: Set<String> = []
        if try !closes(UInt8(ascii: "}")) {
            repeat {
                let key = try string()
                guard keys.insert(key).inserted else { throw error("the key \(key.quoted) occurs twice") }
                try expect(UInt8(ascii: ":"))
                try member(&self, key)
            } while try continues(until: UInt8(ascii: "}"))
        }
        depth -= 1
    }

    /// Reads an array; `element` is called before each element and must read it.
    mutating func array(_ element: (inout JSONScanner) throws -> Void) throws {
        try enter(UInt8(ascii: "["), "an array")
        if try !closes(UInt8(ascii: "]")) {
            repeat { try element(&self) } while try continues(until: UInt8(ascii: "]"))
        }
        depth -= 1
    }

    /// Reads a whole number that fits `Int` and is written without fraction or exponent.
    mutating func integer() throws -> Int {
        let start = position
        let text = try number()
        guard let value = Int(text) else {
            throw JSONSyntaxError(offset: start, problem: "expected a whole number, found \(text)")
        }
        return value
    }

    /// Reads a number and returns its spelling.
    mutating func number() throws -> String {
        skipSpace()
        let start = position
        if peek == UInt8(ascii: "-") { position += 1 }
        let whole = digits()
        guard whole > 0 else { throw error("expected a number") }
        if whole > 1, bytes[position - whole] == UInt8(ascii: "0") { throw error("a number starts with 0") }
        if peek == UInt8(ascii: ".") {
            position += 1
            guard digits() > 0 else { throw error("expected a digit after the point") }
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            position += 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { position += 1 }
            guard digits() > 0 else { throw error("expected a digit in the exponent") }
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// Reads `true`, `false` or `null` (which is nil).
    mutating func literal() throws -> Bool? {
        skipSpace()
        for (word, value) in [("true", true), ("false", false), ("null", nil)] as [(String, Bool?)]
        where bytes[position...].starts(with: word.utf8) {
            position += word.utf8.count
            return value
        }
        throw error("expected a value")
    }

    /// The kind of the next value.
    mutating func kind() throws -> Kind {
        skipSpace()
        switch peek {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "-"), .some(UInt8(ascii: "0")...UInt8(ascii: "9")): return .number
        case nil: throw error("the text ends early")
        default: return .literal
        }
    }

    /// Checks that nothing but white space follows.
    mutating func end() throws {
        skipSpace()
        guard position == bytes.count else { throw error("text follows the end of the value") }
    }

    /// An error at the byte that is next.
    func error(_ problem: String) -> JSONSyntaxError { JSONSyntaxError(offset: position, problem: problem) }

    // MARK: Strings

    /// Reads a string; its bytes must be valid UTF-8 and its escapes complete.
    mutating func string() throws -> String {
        try expect(UInt8(ascii: "\""), "a string")
        let start = position
        var unescaped: [UInt8]?
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                let content = unescaped.map { $0[...] } ?? bytes[start..<position]
                position += 1
                guard let text = String(validating: content, as: UTF8.self) else {
                    throw JSONSyntaxError(offset: start, problem: "a string is not valid UTF-8")
                }
                return text
            case UInt8(ascii: "\\"):
                if unescaped == nil { unescaped = Array(bytes[start..<position]) }
                position += 1
                unescaped?.append(contentsOf: try escape())
            case 0..<0x20:
                throw error("a control character in a string")
            default:
                unescaped?.append(byte)
                position += 1
            }
        }
        throw error("a string does not end")
    }

    /// Reads what follows a backslash and returns its UTF-8.
    private mutating func escape() throws -> [UInt8] {
        guard let letter = peek else { throw error("a string does not end") }
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [letter]
        case UInt8(ascii: "b"): return [8]
        case UInt8(ascii: "f"): return [12]
        case UInt8(ascii: "n"): return [10]
        case UInt8(ascii: "r"): return [13]
        case UInt8(ascii: "t"): return [9]
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw error("an unknown escape in a string")
        }
    }

    private mutating func unicodeEscape() throws -> [UInt8] {
        var code = try fourHexDigits()
        if 0xD800..<0xDC00 ~= code, bytes[position...].starts(with: "\\u".utf8) {
            position += 2
            let low = try fourHexDigits()
            guard 0xDC00..<0xE000 ~= low else { throw error("half a surrogate pair in a string") }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw error("half a surrogate pair in a string") }
        return Array(String(Character(scalar)).utf8)
    }

    private mutating func fourHexDigits() throws -> UInt32 {
        guard position + 4 <= bytes.count,
            let code = UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
        else { throw error("expected four hexadecimal digits") }
        position += 4
        return code
    }

    // MARK: Bytes

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func digits() -> Int {
        let start = position
        while let byte = peek, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { position += 1 }
        return position - start
    }

    private mutating func expect(_ byte: UInt8, _ what: String? = nil) throws {
        skipSpace()
        guard peek == byte else {
            throw error("expected \(what ?? "'" + String(Character(Unicode.Scalar(byte))) + "'")")
        }
        position += 1
    }

    private mutating func enter(_ byte: UInt8, _ what: String) throws {
        try expect(byte, what)
        depth += 1
        guard depth <= depthLimit else { throw error("nested more than \(depthLimit) deep") }
    }

    private mutating func closes(_ byte: UInt8) throws -> Bool {
        skipSpace()
        guard peek == byte else { return false }
        position += 1
        return true
    }

    private mutating func continues(until end: UInt8) throws -> Bool {
        skipSpace()
        if peek == UInt8(ascii: ",") {
            position += 1
            return true
        }
        try expect(end, "',' or '\(Character(Unicode.Scalar(end)))'")
        return false
    }
}

extension String {
    /// The text in quotation marks, control characters escaped, cut after 80 characters: for error messages.
    var quoted: String {
        let shown = prefix(80).flatMap {
            $0.unicodeScalars.map { $0.value < 0x20 ? $0.escaped(asASCII: true) : String($0) }
        }
        return "\"" + shown.joined() + (count > 80 ? "…" : "") + "\""
    }
}
