extension JSONScanner {
    /// Reads a string; its bytes must be UTF-8 and its escapes complete.
    package mutating func string() throws(JSON.ParseError) -> String {
        try expect(.string)
        let start = position
        position += 1
        var run = position
        // What stands before `run`, where that is not the text as it is written.
        var unescaped: [UInt8] = []
        var union: UInt8 = 0
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                let content = unescaped.isEmpty ? bytes[run..<position] : unescaped + bytes[run..<position]
                position += 1
                // ASCII needs no check, and of a vocabulary nearly all is.
                if union < 0x80 { return String(decoding: content, as: UTF8.self) }
                guard let text = String(validating: content, as: UTF8.self) else {
                    throw error("the text is not UTF-8", at: firstInvalidByte(from: start + 1))
                }
                return text
            case UInt8(ascii: "\\"):
                unescaped += bytes[run..<position]
                unescaped.append(contentsOf: String(try escape()).utf8)
                run = position
            case 0..<0x20:
                throw error("a line break or control character in a quoted text must be escaped")
            default:
                union |= byte
                position += 1
            }
        }
        throw error("this quoted text has no closing '\"'", at: start)
    }

    /// Passes one escape, or two that are a surrogate pair.
    private mutating func escape() throws(JSON.ParseError) -> Unicode.Scalar {
        let start = position
        position += 1
        let mark = next
        position += mark == nil ? 0 : 1
        switch mark {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            if let unit = hexadecimal() { return try scalar(unit, at: start) }
        default: break
        }
        throw error("expected an escape such as \\n, \\\" or \\u00e9", at: start)
    }

    /// The scalar of a `\u` escape that was read, and of the one behind it where the two are a pair.
    private mutating func scalar(_ unit: UInt16, at start: Int) throws(JSON.ParseError) -> Unicode.Scalar {
        if let scalar = Unicode.Scalar(unit) { return scalar }
        let afterHigh = position
        if UTF16.isLeadSurrogate(unit), take("\\u"), let low = hexadecimal(), UTF16.isTrailSurrogate(low) {
            return UTF16.decode(UTF16.EncodedScalar([unit, low]))
        }
        position = afterHigh
        guard dialect == .python else {
            throw error("half a surrogate pair; the other half must stand beside it", at: start)
        }
        return "\u{FFFD}"
    }

    /// Passes four hexadecimal digits; nil where there are none.
    private mutating func hexadecimal() -> UInt16? {
        guard bytes.count - position >= 4 else { return nil }
        var unit: UInt16 = 0
        for byte in bytes[position..<position + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            unit = unit << 4 | UInt16(digit)
        }
        position += 4
        return unit
    }

    /// The first byte at or behind `start` that is not UTF-8.
    private func firstInvalidByte(from start: Int) -> Int {
        var decoder = UTF8.ForwardParser()
        var rest = bytes[start...].makeIterator()
        var offset = start
        while case .valid(let scalar) = decoder.parseScalar(from: &rest) { offset += scalar.count }
        return offset
    }
}
