// What stands behind a backslash, and sets in brackets.
extension PatternParser {
    /// What an escape outside of a set stands for; the backslash is taken.
    mutating func escape(at start: Int) throws(PatternError) -> PatternNode {
        guard let letter = scanner.take() else {
            throw PatternError("bad escape (end of pattern)", at: start)
        }
        switch letter {
        case "A": return .anchor(.start)
        case "Z": return .anchor(.end)
        case "b": return .anchor(.wordBoundary(negated: false, ascii: options.ascii))
        case "B": return .anchor(.wordBoundary(negated: true, ascii: options.ascii))
        case "1"..."9": return try numbered(letter, at: start)
        default: break
        }
        if let member = kind(letter) { return .single(PatternSet(members: [member], ascii: options.ascii)) }
        return literal(try character(letter, at: start))
    }

    /// A reference to a group, or a character by three octal digits.
    private mutating func numbered(_ first: Unicode.Scalar, at start: Int) throws(PatternError) -> PatternNode
    {
        var digits = String(first)
        if let second = scanner.next, second.isDecimalDigit {
            scanner.position += 1
            digits.unicodeScalars.append(second)
            if first.isOctalDigit, second.isOctalDigit, let third = scanner.next, third.isOctalDigit {
                scanner.position += 1
                digits.unicodeScalars.append(third)
                return literal(try Self.octal(digits, at: start))
            }
        }
        return try reference(to: Int(digits) ?? 0, at: start + 1)
    }

    /// The character of octal digits, at most 377.
    static func octal(_ digits: String, at start: Int) throws(PatternError) -> Unicode.Scalar {
        guard let value = UInt8(digits, radix: 8) else {
            throw PatternError("octal escape value \\\(digits) outside of range 0-0o377", at: start)
        }
        return Unicode.Scalar(value)
    }

    /// A kind of characters that a letter stands for.
    private func kind(_ letter: Unicode.Scalar) -> PatternSet.Member? {
        switch letter {
        case "d": .kind(.digit, negated: false)
        case "D": .kind(.digit, negated: true)
        case "s": .kind(.space, negated: false)
        case "S": .kind(.space, negated: true)
        case "w": .kind(.word, negated: false)
        case "W": .kind(.word, negated: true)
        default: nil
        }
    }

    /// The one character that an escape stands for.
    private mutating func character(_ letter: Unicode.Scalar, at start: Int) throws(PatternError)
        -> Unicode.Scalar
    {
        if let control = Unicode.Scalar.control(letter) { return control }
        switch letter {
        case "x": return try scanner.hexadecimal(2, from: start)
        case "u": return try scanner.hexadecimal(4, from: start)
        case "U": return try scanner.hexadecimal(8, from: start)
        case "0": return try Self.octal("0" + scanner.take(most: 2) { $0.isOctalDigit }, at: start)
        case "N":
            throw PatternError("characters by name are not known here; write \\u and four digits", at: start)
        default: break
        }
        guard !letter.isASCIILetter, !letter.isDecimalDigit else {
            throw PatternError("bad escape \\\(String(letter))", at: start)
        }
        return letter
    }

    // MARK: Sets

    /// A set behind its opening bracket.
    mutating func characterClass(at start: Int) throws(PatternError) -> PatternSet {
        var set = PatternSet(ignoresCase: options.ignoresCase, ascii: options.ascii)
        set.negated = scanner.take("^")
        let unterminated = PatternError("unterminated character set", at: start)
        repeat {
            let from = scanner.position
            guard let first = try member() else { throw unterminated }
            guard scanner.take("-") else {
                set.members.append(first)
                continue
            }
            if scanner.next == "]" {
                set.members += [first, .range(0x2D...0x2D)]
                break
            }
            guard let last = try member() else { throw unterminated }
            guard case .range(let low) = first, case .range(let high) = last,
                low.lowerBound <= high.lowerBound
            else { throw PatternError("bad character range \(scanner.text(from: from))", at: from) }
            set.members.append(.range(low.lowerBound...high.lowerBound))
        } while scanner.next != "]"
        scanner.position += 1
        return set
    }

    /// The next character or kind of a set; nil at the end of the pattern.
    private mutating func member() throws(PatternError) -> PatternSet.Member? {
        let start = scanner.position
        guard let scalar = scanner.take() else { return nil }
        guard scalar == "\\" else { return .range(scalar.value...scalar.value) }
        guard let letter = scanner.take() else { return nil }
        if let kind = kind(letter) { return kind }
        let character: Unicode.Scalar
        switch letter {
        case "b": character = "\u{08}"
        case "0"..."7":
            character = try Self.octal(
                String(letter) + scanner.take(most: 2) { $0.isOctalDigit }, at: start)
        default: character = try self.character(letter, at: start)
        }
        return .range(character.value...character.value)
    }
}
