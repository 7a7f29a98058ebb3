/// A parsed JSON text; numbers keep their spelling.
indirect enum JSONValue: Sendable, Equatable {
    case object([String: JSONValue])
    case array([JSONValue])
    case string(String)
    case number(String)
    case bool(Bool)
    case null

    /// Parses one whole JSON text; throws `JSONSyntaxError`.
    init(parsing bytes: [UInt8]) throws {
        var scanner = JSONScanner(bytes)
        self = try JSONValue(&scanner)
        try scanner.end()
    }

    private init(_ scanner: inout JSONScanner) throws {
        switch try scanner.kind() {
        case .object:
            var members: [String: JSONValue] = [:]
            try scanner.object { scanner, key in members[key] = try JSONValue(&scanner) }
            self = .object(members)
        case .array:
            var elements: [JSONValue] = []
            try scanner.array { scanner in elements.append(try JSONValue(&scanner)) }
            self = .array(elements)
        case .string: self = .string(try scanner.string())
        case .number: self = .number(try scanner.number())
        case .literal: self = try scanner.literal().map { .bool($0) } ?? .null
        }
    }

    /// The value in a few words, for error messages.
    var summary: String {
        switch self {
        case .object: "an object"
        case .array: "an array"
        case .string(let text): text.quoted
        case .number(let text): text
        case .bool(let flag): flag ? "true" : "false"
        case .null: "null"
        }
    }
}
