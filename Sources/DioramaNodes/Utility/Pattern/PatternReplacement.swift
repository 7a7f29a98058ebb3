/// What takes the place of a match, in the syntax of Python's `re.sub`: `\1`, `\g<name>`, `\n`.
package struct PatternReplacement {
    private enum Part {
        case text([Unicode.Scalar])
        case group(Int)
    }

    private var parts: [Part] = []
    private var pending: [Unicode.Scalar] = []

    /// Reads a replacement.
    ///
    /// - Parameters:
    ///   - text: the replacement.
    ///   - pattern: tells which groups there are.
    /// - Throws: what is wrong with it.
    package init(_ text: String, for pattern: PythonPattern) throws(PatternError) {
        var scanner = PatternScanner(text)
        while let scalar = scanner.take() {
            if scalar == "\\" {
                try addEscape(&scanner, pattern, at: scanner.position - 1)
            } else {
                add(scalar)
            }
        }
        addPending()
    }

    /// The text for a match.
    ///
    /// - Parameters:
    ///   - match: where the pattern fits.
    ///   - text: what was searched.
    /// - Returns: the replacement with the texts of groups in it.
    package func callAsFunction(_ match: PatternMatch, in text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        parts.flatMap { part in
            switch part {
            case .text(let scalars): scalars[...]
            case .group(let number): text[match.ranges[number] ?? 0..<0]
            }
        }
    }

    private mutating func add(_ scalar: Unicode.Scalar) { pending.append(scalar) }

    /// Closes the text read so far, which stands before a group or the end.
    private mutating func addPending() {
        if !pending.isEmpty { parts.append(.text(pending)) }
        pending = []
    }

    private mutating func addEscape(
        _ scanner: inout PatternScanner, _ pattern: PythonPattern, at start: Int
    ) throws(PatternError) {
        guard let letter = scanner.take() else {
            throw PatternError("bad escape (end of pattern)", at: start)
        }
        switch letter {
        case "g": try addNamed(&scanner, pattern, at: start)
        case "0": add(try PatternParser.octal("0" + scanner.take(most: 2) { $0.isOctalDigit }, at: start))
        case "1"..."9":
            var digits = String(letter)
            if let second = scanner.next, second.isDecimalDigit {
                scanner.position += 1
                digits.unicodeScalars.append(second)
                if letter.isOctalDigit, second.isOctalDigit, let third = scanner.next, third.isOctalDigit {
                    scanner.position += 1
                    digits.unicodeScalars.append(third)
                    add(try PatternParser.octal(digits, at: start))
                    return
                }
            }
            try addGroup(Int(digits) ?? 0, pattern, at: start)
        case "\\": add("\\")
        case "b": add("\u{08}")
        default:
            if let control = Unicode.Scalar.control(letter) {
                add(control)
            } else if letter.isASCIILetter {
                throw PatternError("bad escape \\\(String(letter))", at: start)
            } else {
                // As in Python, a backslash before anything else stays.
                add("\\")
                add(letter)
            }
        }
    }

    private mutating func addNamed(
        _ scanner: inout PatternScanner, _ pattern: PythonPattern, at start: Int
    ) throws(PatternError) {
        guard scanner.take("<") else { throw PatternError("missing <", at: scanner.position) }
        let name = try scanner.name(upTo: ">")
        if let number = Int(name), name.unicodeScalars.allSatisfy({ $0.isDecimalDigit }) {
            try addGroup(number, pattern, at: start)
        } else if let number = pattern.groupNames[name] {
            addPending()
            parts.append(.group(number))
        } else {
            throw PatternError(
                name.isPythonIdentifier
                    ? "unknown group name '\(name)'" : "bad character in group name '\(name)'",
                at: start)
        }
    }

    private mutating func addGroup(_ number: Int, _ pattern: PythonPattern, at start: Int)
        throws(PatternError)
    {
        guard number <= pattern.groupCount else {
            throw PatternError("invalid group reference \(number)", at: start)
        }
        addPending()
        parts.append(.group(number))
    }
}
