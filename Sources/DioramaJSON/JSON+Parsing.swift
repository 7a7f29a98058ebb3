extension JSON {
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
        let bytes = Array(bytes)
        var scanner = try JSONScanner(bytes, limits: limits)
        guard !scanner.isAtEnd() else { throw scanner.error("the text is empty") }
        var builder = TreeBuilder()
        let value = try builder.value(&scanner)
        try scanner.end()
        return (value, builder.duplicates(in: bytes))
    }
}

/// Builds the tree of a text.
private struct TreeBuilder {
    private enum Step {
        case key(String)
        case index(Int)

        var text: String {
            switch self {
            case .key(let key): key
            case .index(let index): String(index)
            }
        }
    }

    private var path: [Step] = []
    private var repeated: [(path: [Step], key: String, offset: Int)] = []

    mutating func value(_ scanner: inout JSONScanner) throws(JSON.ParseError) -> JSON {
        switch try scanner.kind() {
        case .object: return .object(try members(&scanner))
        case .array: return .array(try elements(&scanner))
        case .string: return .string(try scanner.string())
        case .number: return try number(&scanner)
        case .boolean: return .bool(try scanner.boolean())
        case .null:
            try scanner.null()
            return .null
        }
    }

    /// The repeated keys with their places, in the order of the text.
    func duplicates(in bytes: [UInt8]) -> [JSON.DuplicateKey] {
        let places = JSON.Position.places(of: repeated.map(\.offset), in: bytes)
        return zip(repeated, places).map { repeated, place in
            JSON.DuplicateKey(path: repeated.path.map(\.text), key: repeated.key, position: place)
        }
    }

    private mutating func members(_ scanner: inout JSONScanner) throws(JSON.ParseError) -> JSON.Object {
        var members = JSON.Object()
        try scanner.object { (scanner, key) throws(JSON.ParseError) in
            if members[key] != nil, repeated.count < 100 { repeated.append((path, key, scanner.keyPosition)) }
            path.append(.key(key))
            members[key] = try value(&scanner)
            path.removeLast()
        }
        return members
    }

    private mutating func elements(_ scanner: inout JSONScanner) throws(JSON.ParseError) -> [JSON] {
        var elements: [JSON] = []
        try scanner.array { (scanner) throws(JSON.ParseError) in
            path.append(.index(elements.count))
            elements.append(try value(&scanner))
            path.removeLast()
        }
        return elements
    }

    private mutating func number(_ scanner: inout JSONScanner) throws(JSON.ParseError) -> JSON {
        let text = try scanner.number()
        if let value = Int(text) { return .integer(value) }
        if let value = UInt64(text) { return .unsigned(value) }
        guard let value = Double(text) else { throw scanner.wrong("\(quoted(text)) is not a number") }
        return .double(value)
    }
}
