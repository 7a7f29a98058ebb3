import DioramaGraph

/// A value that a format shows, as Python has it.
enum FormatValue {
    case text(PythonText)
    case whole(isNegative: Bool, magnitude: UInt64)
    case number(Double)
    case truth(Bool)
    /// A value that only has a text, such as a list.
    case other(PythonText)

    /// The value of an input; nil for values that have no text, such as pictures.
    init?(_ value: any PortValue) {
        guard let json = (value as? any LiteralValue)?.json else { return nil }
        switch json {
        case .string(let text): self = .text(PythonText(text))
        case .integer(let number): self = .whole(isNegative: number < 0, magnitude: UInt64(number.magnitude))
        case .unsigned(let number): self = .whole(isNegative: false, magnitude: number)
        case .double(let number): self = .number(number)
        case .bool(let truth): self = .truth(truth)
        case .null, .array, .object: self = .other(PythonText(strOf: json))
        }
    }

    /// As Python's `str`.
    private var string: PythonText {
        switch self {
        case .text(let text), .other(let text): text
        case .whole(let isNegative, let magnitude): PythonText((isNegative ? "-" : "") + String(magnitude))
        case .number(let number): PythonText(strOf: .double(number))
        case .truth(let truth): PythonText(truth ? "True" : "False")
        }
    }

    /// The text that a conversion makes of the value: `s` its text, `r` as Python writes it, `a` that in ASCII.
    func converted(_ conversion: Unicode.Scalar) -> FormatValue {
        guard conversion != "s" else { return .text(string) }
        var written = string
        if case .text(let text) = self { written = PythonText(reprOf: text.string) }
        guard conversion == "a" else { return .text(written) }
        return .text(
            PythonText(
                written.scalars.flatMap {
                    $0.isASCII ? [$0] : Array(PythonText.escaped($0.value).unicodeScalars)
                }))
    }

    /// As Python's `format`.
    func formatted(_ spec: FormatSpec) throws(FormatTemplate.Problem) -> PythonText {
        if spec.isEmpty { return string }
        switch self {
        case .text(let text): return PythonText(try Self.text(text, spec))
        case .whole(let isNegative, let magnitude):
            return PythonText(try Self.whole(isNegative, magnitude, spec))
        case .number(let number): return PythonText(try Self.number(number, spec))
        case .truth(let truth): return PythonText(try Self.whole(false, truth ? 1 : 0, spec))
        case .other: throw FormatTemplate.Problem("a list or the like takes no format specification")
        }
    }

    private static func text(_ text: PythonText, _ spec: FormatSpec) throws(FormatTemplate.Problem)
        -> [Unicode.Scalar]
    {
        guard spec.type == nil || spec.type == "s", spec.sign == nil, !spec.isAlternate,
            !spec.dropsNegativeZero,
            spec.grouping == nil, spec.align != "="
        else {
            throw FormatTemplate.Problem(
                "a text takes only a fill, an alignment, a width, a precision and the type s")
        }
        return spec.padded(Array(text.scalars.prefix(spec.precision ?? .max)), standard: "<")
    }

    private static func whole(
        _ isNegative: Bool, _ magnitude: UInt64, _ spec: FormatSpec
    ) throws(FormatTemplate.Problem) -> [Unicode.Scalar] {
        let sign = sign(isNegative, spec)
        switch spec.type {
        case "e", "E", "f", "F", "g", "G", "%":
            return try number(isNegative ? -Double(magnitude) : Double(magnitude), spec)
        case _ where spec.precision != nil: throw FormatTemplate.Problem("a whole number takes no precision")
        case _ where spec.dropsNegativeZero: throw FormatTemplate.Problem("a whole number takes no z")
        case nil, "d": return spec.padded(before: sign, digits: String(magnitude), after: "")
        case "n" where spec.grouping == nil:
            return spec.padded(before: sign, digits: String(magnitude), after: "")
        case "b", "o", "x", "X":
            guard spec.grouping != "," else {
                throw FormatTemplate.Problem("digits of other bases are grouped by underscores")
            }
            let (radix, letter) = spec.type == "b" ? (2, "b") : spec.type == "o" ? (8, "o") : (16, "x")
            let isUpper = spec.type == "X"
            let prefix = spec.isAlternate ? "0" + (isUpper ? "X" : letter) : ""
            return spec.padded(
                before: sign + prefix, digits: String(magnitude, radix: radix, uppercase: isUpper), after: "",
                groupsOf: 4)
        case "c":
            guard spec.sign == nil, !spec.isAlternate, spec.grouping == nil, !isNegative,
                let code = UInt32(exactly: magnitude), let scalar = Unicode.Scalar(code)
            else {
                throw FormatTemplate.Problem(
                    "c shows the character of a number in 0...1114111, without sign, # or grouping")
            }
            return spec.padded(before: "", digits: "", after: String(scalar))
        default:
            throw FormatTemplate.Problem(
                "a whole number takes none of this type: use b, c, d, o, x, e, f, g, n or %")
        }
    }

    private static func number(
        _ number: Double, _ spec: FormatSpec
    ) throws(FormatTemplate.Problem) -> [Unicode.Scalar] {
        if let type = spec.type, !["e", "E", "f", "F", "g", "G", "n", "%"].contains(type) {
            throw FormatTemplate.Problem("a number takes none of this type: use e, f, g, n or %")
        }
        guard spec.type != "n" || spec.grouping == nil else {
            throw FormatTemplate.Problem("n takes no grouping")
        }
        let shown = DecimalNotation.text(of: number, spec)
        let isUpper = spec.type == "E" || spec.type == "F" || spec.type == "G"
        let letters = isUpper ? shown.uppercased() : shown
        let end = letters.firstIndex { !("0"..."9").contains($0) } ?? letters.endIndex
        let isNegative =
            number.sign == .minus && !number.isNaN
            && !(spec.dropsNegativeZero && !letters.contains { ("1"..."9").contains($0) } && number.isFinite)
        return spec.padded(
            before: sign(isNegative, spec), digits: String(letters[..<end]), after: String(letters[end...]))
    }

    private static func sign(_ isNegative: Bool, _ spec: FormatSpec) -> String {
        isNegative ? "-" : spec.sign == "+" ? "+" : spec.sign == " " ? " " : ""
    }
}
