/// How a value is to be shown, as Python's format specifications say it:
/// `[[fill]align][sign]["z"]["#"]["0"][width][grouping]["." precision][type]`.
struct FormatSpec {
    /// Whether nothing was said.
    let isEmpty: Bool
    /// What fills up to the width.
    private(set) var fill: Unicode.Scalar = " "
    /// Where the value stands: `<`, `>`, `^`, or `=` for filling behind the sign; nil where nothing was said.
    private(set) var align: Unicode.Scalar?
    /// What stands before numbers that are not negative: `+`, `-` for nothing, or a space; nil where nothing was said.
    private(set) var sign: Unicode.Scalar?
    /// Whether a number that rounds to 0 loses its sign.
    private(set) var dropsNegativeZero = false
    /// Whether a prefix, point or zeros that could be left out are kept.
    private(set) var isAlternate = false
    /// Whether zeros fill numbers up behind the sign, unless it is said where they stand.
    private(set) var fillsWithZeros = false
    /// Characters in all, at least.
    private(set) var width = 0
    /// What stands between groups of digits: a comma or an underscore.
    private(set) var grouping: Unicode.Scalar?
    /// Digits behind the point, digits in all, or characters of a text.
    private(set) var precision: Int?
    /// The letter of the notation; nil where nothing was said.
    private(set) var type: Unicode.Scalar?

    /// Reads a specification.
    init(_ scalars: [Unicode.Scalar]) throws(FormatTemplate.Problem) {
        isEmpty = scalars.isEmpty
        var rest = scalars[...]
        let aligns: [Unicode.Scalar] = ["<", ">", "=", "^"]
        func takes(_ choices: Unicode.Scalar...) -> Unicode.Scalar? {
            guard let first = rest.first, choices.contains(first) else { return nil }
            rest.removeFirst()
            return first
        }
        var hasFill = false
        if rest.count >= 2, aligns.contains(rest[rest.startIndex + 1]) {
            hasFill = true
            fill = rest.removeFirst()
            align = rest.removeFirst()
        } else {
            align = takes("<", ">", "=", "^")
        }
        sign = takes("+", "-", " ")
        dropsNegativeZero = takes("z") != nil
        isAlternate = takes("#") != nil
        if !hasFill, takes("0") != nil {
            fill = "0"
            fillsWithZeros = align == nil
        }
        width = try Self.number(&rest) ?? 0
        grouping = takes(",", "_")
        if grouping != nil, takes(",", "_") != nil {
            throw FormatTemplate.Problem(
                "a specification has one kind of mark between digits, a comma or an underscore")
        }
        if takes(".") != nil {
            guard let digits = try Self.number(&rest) else {
                throw FormatTemplate.Problem("a specification's point needs a number behind it")
            }
            precision = digits
        }
        type = rest.popFirst()
        guard rest.isEmpty else {
            throw FormatTemplate.Problem("“\(PythonText(scalars).string)” is no format specification")
        }
    }

    /// The number at the start of a text, if there is one.
    private static func number(_ rest: inout ArraySlice<Unicode.Scalar>) throws(FormatTemplate.Problem)
        -> Int?
    {
        var number: Int?
        while let scalar = rest.first, ("0"..."9").contains(scalar) {
            let next = (number ?? 0) * 10 + Int(scalar.value - 48)
            guard next <= PythonText.longest else {
                throw FormatTemplate.Problem("a width or precision is more than \(PythonText.longest)")
            }
            number = next
            rest.removeFirst()
        }
        return number
    }

    /// A text of its own at its place in the width.
    func padded(_ text: [Unicode.Scalar], standard: Unicode.Scalar) -> [Unicode.Scalar] {
        let missing = width - text.count
        guard missing > 0 else { return text }
        let left =
            switch align ?? standard {
            case "<": 0
            case "^": missing / 2
            default: missing
            }
        return Array(repeating: fill, count: left) + text + Array(repeating: fill, count: missing - left)
    }

    /// A number at its place in the width, its digits grouped.
    ///
    /// - Parameters:
    ///   - before: the sign and the prefix.
    ///   - digits: before the point.
    ///   - after: the point and what is behind it.
    ///   - size: how many digits make a group.
    /// - Returns: the text, as wide as the format wants it.
    func padded(before: String, digits: String, after: String, groupsOf size: Int = 3) -> [Unicode.Scalar] {
        let fillsInside = align == "=" || fillsWithZeros
        var digits = Array(digits.unicodeScalars)
        let (before, after) = (Array(before.unicodeScalars), Array(after.unicodeScalars))
        if let grouping, !digits.isEmpty {
            func length(_ count: Int) -> Int { count + (count - 1) / size }
            if fillsInside, fill == "0" {
                let room = width - before.count - after.count
                var count = digits.count
                while length(count) < room { count += 1 }
                digits = Array(repeating: "0", count: count - digits.count) + digits
            }
            digits = digits.enumerated().flatMap { index, digit in
                index > 0 && (digits.count - index).isMultiple(of: size) ? [grouping, digit] : [digit]
            }
        }
        guard fillsInside else { return padded(before + digits + after, standard: ">") }
        let missing = max(width - before.count - digits.count - after.count, 0)
        return before + Array(repeating: fill, count: missing) + digits + after
    }
}
