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

        /// The places of bytes, found in one pass over the text.
        ///
        /// - Parameters:
        ///   - offsets: from 0 to the number of bytes, ascending.
        ///   - bytes: the text in UTF-8.
        /// - Returns: a place for each.
        static func places(of offsets: [Int], in bytes: [UInt8]) -> [Position] {
            var (line, column, passed) = (1, 1, 0)
            return offsets.map { offset in
                for byte in bytes[passed..<offset] {
                    if byte == UInt8(ascii: "\n") {
                        (line, column) = (line + 1, 1)
                    } else if byte & 0xC0 != 0x80 {
                        // The other bytes of a scalar, which continue it, count for nothing.
                        column += 1
                    }
                }
                passed = offset
                return Position(line: line, column: column)
            }
        }
    }

    /// Why a text is not JSON, or not the JSON that was expected, and where.
    public struct ParseError: Error, Hashable, CustomStringConvertible {
        /// The byte where it was seen, from 0.
        public let offset: Int
        /// The same place as line and column.
        public let position: Position
        /// What would have been right there and what stands there instead.
        public let message: String
        /// "line 3, column 14: expected ',' or '}', found ']'".
        public var description: String { "\(position): \(message)" }

        init(_ message: String, at offset: Int, in bytes: [UInt8]) {
            self.offset = offset
            position = Position.places(of: [offset], in: bytes)[0]
            self.message = message
        }
    }
}
