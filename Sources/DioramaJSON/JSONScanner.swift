/// Reads JSON bytes value by value, so that a vocabulary of 50,000 pieces takes one pass and no tree.
///
/// A caller asks for the value it expects (`string()`, `object { ... }`), looks what comes (`kind()`) or passes over it
/// (`skip()`). Members come in the order of the text. Time and memory grow with the text alone, whatever it holds:
/// nesting is limited, and only the strings that are asked for are built. ``JSON`` is the tree over it.
///
/// ```swift
/// var scanner = try JSONScanner(bytes)
/// var ids: [String: Int] = [:]
/// try scanner.object { (scanner, key) throws(JSON.ParseError) in ids[key] = try scanner.integer() }
/// try scanner.end()
/// ```
package struct JSONScanner {
    /// What is accepted beside RFC 8259.
    package enum Dialect: Sendable {
        /// Nothing, and a key that stands twice in an object is an error: for formats whose readers must agree.
        case strict
        /// What Python's `json` writes and reads: `NaN`, `Infinity`, `-Infinity`, and half a surrogate pair, which
        /// becomes U+FFFD; a byte order mark; repeated keys, each of which is handed on.
        case python
    }

    /// What the next value is, judged by its first byte.
    package enum Kind: String, Sendable {
        /// Named values.
        case object = "an object"
        /// A list.
        case array = "a list"
        /// A text in quotes.
        case string = "a text"
        /// Any number.
        case number = "a number"
        /// `true` or `false`.
        case boolean = "true or false"
        /// `null`.
        case null
    }

    let bytes: [UInt8]
    let dialect: Dialect
    private let depthLimit: Int
    private var depth = 0

    /// The next byte to be read, from 0: behind what was read last.
    package internal(set) var position = 0
    /// The first byte of the value that was read last.
    package private(set) var valuePosition = 0
    /// The first byte of the key that was read last.
    package private(set) var keyPosition = 0

    /// A scanner before the first byte of a text.
    ///
    /// - Parameters:
    ///   - bytes: the text in UTF-8.
    ///   - dialect: what is accepted beside the standard.
    ///   - limits: the most the text may hold.
    /// - Throws: `JSON.ParseError` for a text that is too long or in UTF-16.
    package init(
        _ bytes: [UInt8], as dialect: Dialect = .python, limits: JSON.Limits = JSON.Limits()
    ) throws(JSON.ParseError) {
        self.bytes = bytes
        self.dialect = dialect
        depthLimit = limits.depth
        guard bytes.count <= limits.bytes else {
            throw error("the text has \(bytes.count) bytes, more than the limit of \(limits.bytes)")
        }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw error("the text is UTF-16; save it as UTF-8")
        }
        if dialect == .python, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    // MARK: Values

    /// The kind of the next value, which is not read yet.
    package mutating func kind() throws(JSON.ParseError) -> Kind {
        skipSpace()
        guard let kind = nextKind else { throw expected("a value") }
        return kind
    }

    /// Calls `member` for every key, standing before its value; `member` must read or skip it.
    package mutating func object(
        _ member: (inout JSONScanner, String) throws(JSON.ParseError) -> Void
    ) throws(JSON.ParseError) {
        let start = try open(.object)
        if !take(UInt8(ascii: "}")) {
            var keys: Set<String> = []
            var wanted = "a quoted name or '}'"
            repeat {
                let key = try key(wanted)
                wanted = "a quoted name"
                if dialect == .strict, !keys.insert(key).inserted {
                    throw wrongKey("the key \(quoted(key)) occurs twice")
                }
                try member(&self, key)
            } while try !closes(UInt8(ascii: "}"))
        }
        close(start)
    }

    /// Calls `element` before every element; `element` must read or skip it.
    package mutating func array(
        _ element: (inout JSONScanner) throws(JSON.ParseError) -> Void
    ) throws(JSON.ParseError) {
        let start = try open(.array)
        if !take(UInt8(ascii: "]")) {
            repeat { try element(&self) } while try !closes(UInt8(ascii: "]"))
        }
        close(start)
    }

    /// Reads `true` or `false`.
    package mutating func boolean() throws(JSON.ParseError) -> Bool {
        try expect(.boolean)
        if take("true") { return true }
        if take("false") { return false }
        throw expected("a value")
    }

    /// Reads `null`.
    package mutating func null() throws(JSON.ParseError) {
        try expect(.null)
        guard take("null") else { throw expected("a value") }
    }

    /// Passes over one value of any kind, which must be as right as one that is read.
    package mutating func skip() throws(JSON.ParseError) {
        switch try kind() {
        case .object: try object { (scanner, _) throws(JSON.ParseError) in try scanner.skip() }
        case .array: try array { (scanner) throws(JSON.ParseError) in try scanner.skip() }
        case .string: _ = try string()
        case .number: _ = try numeral()
        case .boolean: _ = try boolean()
        case .null: try null()
        }
    }

    /// Whether nothing but white space is left.
    package mutating func isAtEnd() -> Bool {
        skipSpace()
        return position == bytes.count
    }

    /// Checks that nothing but white space is left.
    package mutating func end() throws(JSON.ParseError) {
        guard isAtEnd() else { throw expected("the end of the text") }
    }

    // MARK: Errors

    /// An error at the value that was read last, which is JSON but not as it should be.
    ///
    /// - Parameter message: what was expected and what was found.
    /// - Returns: the error with its place.
    package func wrong(_ message: String) -> JSON.ParseError { error(message, at: valuePosition) }

    /// The same at the key that was read last.
    package func wrongKey(_ message: String) -> JSON.ParseError { error(message, at: keyPosition) }

    func error(_ message: String, at offset: Int? = nil) -> JSON.ParseError {
        JSON.ParseError(message, at: offset ?? position, in: bytes)
    }

    func expected(_ what: String) -> JSON.ParseError {
        guard position < bytes.count else { return error("expected \(what), found the end of the text") }
        let rest = String(decoding: bytes[position...].prefix(4), as: UTF8.self)
        let found = rest.first.map { "'\($0)'" } ?? "nothing"
        return error("expected \(what), found \(found)")
    }

    // MARK: Pieces

    var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private var nextKind: Kind? {
        switch next {
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "-"), .some(UInt8(ascii: "0")...UInt8(ascii: "9")): .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): .boolean
        case UInt8(ascii: "n"): .null
        case UInt8(ascii: "N"), UInt8(ascii: "I"): dialect == .python ? .number : nil
        default: nil
        }
    }

    /// Passes white space and checks that a value of a kind begins.
    mutating func expect(_ kind: Kind) throws(JSON.ParseError) {
        skipSpace()
        let found = nextKind
        guard found == kind else {
            throw found.map { error("expected \(kind.rawValue), found \($0.rawValue)") }
                ?? expected(kind.rawValue)
        }
        valuePosition = position
    }

    mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    /// Passes a byte if it is the next.
    mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    /// Passes a word if it is the next.
    mutating func take(_ word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        guard bytes.count - position >= length,
            word.withUTF8Buffer({ bytes[position..<position + length].elementsEqual($0) })
        else { return false }
        position += length
        return true
    }

    private mutating func key(_ wanted: String) throws(JSON.ParseError) -> String {
        skipSpace()
        guard next == UInt8(ascii: "\"") else { throw expected(wanted) }
        keyPosition = position
        let key = try string()
        skipSpace()
        guard take(UInt8(ascii: ":")) else { throw expected("':'") }
        return key
    }

    /// Passes an opening bracket and the white space behind it; returns the bracket's place.
    private mutating func open(_ kind: Kind) throws(JSON.ParseError) -> Int {
        try expect(kind)
        guard depth < depthLimit else {
            throw error("lists and objects are nested deeper than \(depthLimit) levels")
        }
        depth += 1
        let start = position
        position += 1
        skipSpace()
        return start
    }

    /// Ends the value that began at a bracket.
    private mutating func close(_ start: Int) {
        depth -= 1
        valuePosition = start
    }

    /// Passes a comma, or the closing bracket and then returns true.
    private mutating func closes(_ bracket: UInt8) throws(JSON.ParseError) -> Bool {
        skipSpace()
        if take(bracket) { return true }
        guard take(UInt8(ascii: ",")) else {
            throw expected("',' or '\(Character(Unicode.Scalar(bracket)))'")
        }
        return false
    }
}
