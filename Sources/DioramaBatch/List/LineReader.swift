/// Cuts bytes into lines that end in a line feed, with or without a carriage return before it.
struct LineReader {
    /// A line without its end.
    struct Line {
        /// From 1.
        let number: Int
        let bytes: ArraySlice<UInt8>
        /// Whether it is longer than any prompt: then `bytes` is only its beginning.
        let isTooLong: Bool
    }

    private let source: ByteSource
    private var pending: ArraySlice<UInt8> = []
    private var isAtEnd = false
    private var number = 0

    /// The most bytes of a line.
    static let longest = 1 << 20

    init(_ source: ByteSource) { self.source = source }

    /// The next line; nil at the end.
    mutating func next() throws -> Line? {
        var searched = pending.startIndex
        while true {
            if let end = pending[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { pending = pending[(end + 1)...] }
                return line(pending[..<end])
            }
            if isAtEnd {
                guard !pending.isEmpty else { return nil }
                defer { pending = [] }
                return line(pending)
            }
            if pending.count > Self.longest { return try overlongLine() }
            let known = pending.count
            let piece = try source.next()
            isAtEnd = piece.isEmpty
            pending = known == 0 ? piece[...] : ArraySlice(Array(pending) + piece)
            searched = pending.startIndex + known
        }
    }

    /// Reads on to the end of a line without keeping it.
    private mutating func overlongLine() throws -> Line {
        let start = pending.prefix(Self.longest)
        while true {
            if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                pending = pending[(end + 1)...]
                break
            }
            pending = try source.next()[...]
            if pending.isEmpty {
                isAtEnd = true
                break
            }
        }
        number += 1
        return Line(number: number, bytes: start, isTooLong: true)
    }

    private mutating func line(_ bytes: ArraySlice<UInt8>) -> Line {
        number += 1
        var bytes = bytes
        if bytes.last == UInt8(ascii: "\r") { bytes = bytes.dropLast() }
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        if number == 1, bytes.starts(with: mark) { bytes = bytes.dropFirst(mark.count) }
        return Line(number: number, bytes: bytes, isTooLong: bytes.count > Self.longest)
    }
}

extension LineReader.Line {
    /// The line as text.
    ///
    /// - Throws: `ListProblem` for bytes that are not UTF-8, and for lines beyond the limit.
    func text() throws(ListProblem) -> String {
        guard !isTooLong else {
            throw ListProblem(line: number, "it is longer than \(LineReader.longest) bytes")
        }
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        var decoder = UTF8()
        var rest = bytes.makeIterator()
        var valid = 0
        while case .scalarValue(let scalar) = decoder.decode(&rest) { valid += UTF8.width(scalar) }
        throw ListProblem(
            line: number, "it is not UTF-8 at its byte \(valid + 1); save the list as UTF-8")
    }
}
