/// The characters that a place of a pattern takes.
struct PatternSet {
    /// One piece of a set.
    enum Member {
        case range(ClosedRange<UInt32>)
        case kind(Kind, negated: Bool)
    }

    /// The kinds that have a letter of their own: `\d`, `\s`, `\w`.
    enum Kind {
        case digit
        case space
        case word
    }

    /// What the set is made of; it takes a character that is in any of them.
    var members: [Member] = []
    /// Whether it takes what is not in its members instead.
    var negated = false
    /// Whether upper and lower case are one.
    var ignoresCase = false
    /// Whether kinds and cases are those of ASCII alone.
    var ascii = false

    /// Every character but the line break, or with it.
    static func any(withLineBreaks: Bool) -> PatternSet {
        withLineBreaks
            ? PatternSet(negated: true) : PatternSet(members: [.range(0x0A...0x0A)], negated: true)
    }

    /// One character.
    static func literal(_ scalar: Unicode.Scalar, ignoresCase: Bool, ascii: Bool) -> PatternSet {
        PatternSet(members: [.range(scalar.value...scalar.value)], ignoresCase: ignoresCase, ascii: ascii)
    }

    /// Whether the set takes a character.
    func takes(_ scalar: Unicode.Scalar) -> Bool {
        if has(scalar) { return !negated }
        guard ignoresCase else { return negated }
        let variants = scalar.caseVariants(ascii: ascii)
        return variants.contains { has($0) } != negated
    }

    private func has(_ scalar: Unicode.Scalar) -> Bool {
        members.contains { member in
            switch member {
            case .range(let range): range.contains(scalar.value)
            case .kind(let kind, let negated): scalar.isOf(kind, ascii: ascii) != negated
            }
        }
    }
}

extension Unicode.Scalar {
    /// Whether a character is of a kind, as Python's `re` has it.
    func isOf(_ kind: PatternSet.Kind, ascii: Bool) -> Bool {
        if ascii || isASCII {
            guard isASCII else { return false }
            switch kind {
            case .digit: return "0"..."9" ~= self
            case .space: return ascii ? value == 0x20 || 0x09...0x0D ~= value : isPythonSpace
            case .word:
                return "a"..."z" ~= self || "A"..."Z" ~= self || "0"..."9" ~= self || self == "_"
            }
        }
        switch kind {
        case .digit: return properties.generalCategory == .decimalNumber
        case .space: return isPythonSpace
        case .word:
            switch properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
                .decimalNumber:
                return true
            default: return properties.numericType != nil
            }
        }
    }

    /// Whether Python's `str.isspace` is true of the character.
    var isPythonSpace: Bool { properties.isWhitespace || 0x1C...0x1F ~= value }

    /// The character that stands for all of one letter in whatever case.
    func folded(ascii: Bool) -> Unicode.Scalar {
        if isASCII { return "A"..."Z" ~= self ? Unicode.Scalar(UInt8(value) + 32) : self }
        // The dotted capital I becomes two characters in lower case, and the plain i here.
        if ascii { return self }
        if value == 0x130 { return "i" }
        return (properties.uppercaseMapping.onlyScalar ?? self).lowercased
    }

    private var lowercased: Unicode.Scalar { properties.lowercaseMapping.onlyScalar ?? self }

    /// The same letter in other cases.
    fileprivate func caseVariants(ascii: Bool) -> [Unicode.Scalar] {
        let fold = folded(ascii: ascii)
        if ascii { return isASCII && fold == self ? [Self.asciiUppercase(self)] : [fold] }
        var variants = [fold, lowercased]
        if let upper = fold.properties.uppercaseMapping.onlyScalar { variants.append(upper) }
        switch fold {
        // The long s and the signs for kelvin and ångström are letters that look like others in one case.
        case "s": variants.append("\u{17F}")
        case "k": variants.append("\u{212A}")
        case "å": variants.append("\u{212B}")
        case "i": variants += ["\u{130}", "\u{131}"]
        case "μ": variants.append("µ")
        case "σ": variants.append("ς")
        case "ß": variants.append("ẞ")
        default: break
        }
        return variants
    }

    private static func asciiUppercase(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        "a"..."z" ~= scalar ? Unicode.Scalar(UInt8(scalar.value) - 32) : scalar
    }
}

extension String {
    /// The character of a text that has one.
    fileprivate var onlyScalar: Unicode.Scalar? {
        unicodeScalars.count == 1 ? unicodeScalars.first : nil
    }
}
