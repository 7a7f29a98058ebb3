/// Reads the text of a pattern or of a replacement character by character.
struct PatternScanner {
    private let scalars: [Unicode.Scalar]
    /// Where the next character stands.
    var position = 0

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    /// The next character; nil at the end.
    var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    /// The character after the next one; nil beyond the end.
    var second: Unicode.Scalar? { position + 1 < scalars.count ? scalars[position + 1] : nil }

    /// Takes the next character.
    mutating func take() -> Unicode.Scalar? {
        guard let scalar = next else { return nil }
        position += 1
        return scalar
    }

    /// Takes the next character if it is this one.
    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        position += 1
        return true
    }

    /// Takes characters as long as they are wanted, at most so many.
    mutating func take(most: Int = .max, while isWanted: (Unicode.Scalar) -> Bool) -> String {
        let start = position
        while position - start < most, let scalar = next, isWanted(scalar) { position += 1 }
        return text(from: start)
    }

    /// Takes a group's name up to a mark, which is taken too.
    mutating func name(upTo mark: Unicode.Scalar) throws(PatternError) -> String {
        let start = position
        let name = take { $0 != mark }
        guard !name.isEmpty else { throw PatternError("missing group name", at: start) }
        guard take(mark) else { throw PatternError("missing \(mark), unterminated name", at: start) }
        return name
    }

    /// The number after `\x`, `\u` or `\U`, which has so many hexadecimal digits.
    mutating func hexadecimal(_ count: Int, from start: Int) throws(PatternError) -> Unicode.Scalar {
        let digits = take(most: count) { $0.isASCII && $0.properties.isASCIIHexDigit }
        guard digits.unicodeScalars.count == count, let value = UInt32(digits, radix: 16) else {
            throw PatternError("incomplete escape \(text(from: start))", at: start)
        }
        guard let scalar = Unicode.Scalar(value) else {
            throw PatternError("bad escape \(text(from: start)), which is no character", at: start)
        }
        return scalar
    }

    /// The text from a place to the next character.
    func text(from start: Int) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars[start..<position])
        return String(view)
    }
}

extension Unicode.Scalar {
    /// Whether it is one of 0 to 7.
    var isOctalDigit: Bool { "0"..."7" ~= self }
    /// Whether it is one of 0 to 9.
    var isDecimalDigit: Bool { "0"..."9" ~= self }
    /// Whether it is one of the 52 letters of ASCII.
    var isASCIILetter: Bool { "a"..."z" ~= self || "A"..."Z" ~= self }

    /// The control character that a letter stands for behind a backslash.
    static func control(_ letter: Unicode.Scalar) -> Unicode.Scalar? {
        switch letter {
        case "a": "\u{07}"
        case "f": "\u{0C}"
        case "n": "\n"
        case "r": "\r"
        case "t": "\t"
        case "v": "\u{0B}"
        default: nil
        }
    }
}
