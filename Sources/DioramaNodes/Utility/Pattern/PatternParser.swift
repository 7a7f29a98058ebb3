/// What a pattern can be told about the whole of it.
package struct PatternOptions {
    /// Whether upper and lower case are one.
    package var ignoresCase = false
    /// Whether `^` and `$` stand for every line.
    package var multiline = false
    /// Whether a dot takes line breaks.
    package var dotAll = false
    /// Whether spaces and comments in the pattern mean nothing.
    package var verbose = false
    /// Whether kinds and cases are those of ASCII alone.
    package var ascii = false

    /// Options.
    package init(ignoresCase: Bool = false, multiline: Bool = false, dotAll: Bool = false) {
        self.ignoresCase = ignoresCase
        self.multiline = multiline
        self.dotAll = dotAll
    }
}

/// Reads patterns in the syntax of Python's `re`.
struct PatternParser {
    /// How deep groups may stand in groups.
    static let deepest = 100

    var scanner: PatternScanner
    var options: PatternOptions
    /// How many groups have been opened.
    var groupCount = 0
    /// The numbers of groups that have names.
    var names: [String: Int] = [:]
    /// The widths of the groups that are closed.
    var widths: [Int: PatternWidth] = [:]
    /// Groups that conditions ask for, and where; they may come later.
    var conditions: [(group: Int, position: Int)] = []

    /// Reads a whole pattern.
    ///
    /// - Returns: its pieces, the number of its groups, and their names.
    /// - Throws: what is wrong with it.
    static func parse(_ text: String, _ options: PatternOptions) throws(PatternError) -> (
        root: PatternNode, groups: Int, names: [String: Int]
    ) {
        var parser = PatternParser(scanner: PatternScanner(text), options: options)
        try parser.readGlobalFlags()
        let root = try parser.choice(depth: 0)
        if parser.scanner.next != nil {
            throw PatternError("unbalanced parenthesis", at: parser.scanner.position)
        }
        for (group, position) in parser.conditions where group > parser.groupCount {
            throw PatternError("invalid group reference \(group)", at: position)
        }
        return (root, parser.groupCount, parser.names)
    }

    private init(scanner: PatternScanner, options: PatternOptions) {
        self.scanner = scanner
        self.options = options
    }

    /// Flags for the whole pattern, which stand before everything else.
    private mutating func readGlobalFlags() throws(PatternError) {
        while scanner.next == "(", scanner.second == "?" {
            let start = scanner.position
            scanner.position += 2
            guard let flags = try flags(), !flags.isScoped else {
                scanner.position = start
                return
            }
            options = flags.options
        }
    }

    // MARK: Pieces in order

    mutating func choice(depth: Int) throws(PatternError) -> PatternNode {
        var branches = [try sequence(depth: depth)]
        while scanner.take("|") { branches.append(try sequence(depth: depth)) }
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    mutating func sequence(depth: Int) throws(PatternError) -> PatternNode {
        var parts: [PatternNode] = []
        while let next = scanner.next, next != "|", next != ")" {
            let start = scanner.position
            scanner.position += 1
            if options.verbose {
                if " \t\n\r\u{0B}\u{0C}".unicodeScalars.contains(next) { continue }
                if next == "#" {
                    _ = scanner.take { $0 != "\n" }
                    continue
                }
            }
            switch next {
            case "*": try repeatLast(of: &parts, 0, nil, at: start)
            case "+": try repeatLast(of: &parts, 1, nil, at: start)
            case "?": try repeatLast(of: &parts, 0, 1, at: start)
            case "{":
                if let (least, most) = try bounds(at: start) {
                    try repeatLast(of: &parts, least, most, at: start)
                } else {
                    parts.append(literal("{"))
                }
            case ".": parts.append(.single(.any(withLineBreaks: options.dotAll)))
            case "^": parts.append(.anchor(options.multiline ? .lineStart : .start))
            case "$": parts.append(.anchor(options.multiline ? .lineEnd : .lastLineEnd))
            case "[": parts.append(.single(try characterClass(at: start)))
            case "\\": parts.append(try escape(at: start))
            case "(":
                if let group = try group(at: start, depth: depth + 1) { parts.append(group) }
            default: parts.append(literal(next))
            }
        }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    /// A character that stands for itself.
    func literal(_ scalar: Unicode.Scalar) -> PatternNode {
        .single(.literal(scalar, ignoresCase: options.ignoresCase, ascii: options.ascii))
    }

    // MARK: Repetitions

    private mutating func repeatLast(
        of parts: inout [PatternNode], _ least: Int, _ most: Int?, at start: Int
    ) throws(PatternError) {
        let style: PatternNode.LoopStyle =
            scanner.take("?") ? .lazy : scanner.take("+") ? .possessive : .greedy
        switch parts.last {
        case nil, .anchor: throw PatternError("nothing to repeat", at: start)
        case .loop: throw PatternError("multiple repeat", at: start)
        case .some(let last):
            parts[parts.count - 1] = .loop(last, least: least, most: most, style: style)
        }
    }

    /// The numbers of `{2,5}` behind the brace; nil where the brace is only a brace.
    private mutating func bounds(at start: Int) throws(PatternError) -> (Int, Int?)? {
        let back = scanner.position
        guard scanner.next != "}" else { return nil }
        let least = scanner.take { $0.isDecimalDigit }
        let most = scanner.take(",") ? scanner.take { $0.isDecimalDigit } : least
        guard scanner.take("}") else {
            scanner.position = back
            return nil
        }
        func number(_ digits: String) throws(PatternError) -> Int {
            guard let number = Int(digits), number < 1 << 32 else {
                throw PatternError("the repetition number is too large", at: start)
            }
            return number
        }
        let low = least.isEmpty ? 0 : try number(least)
        guard !most.isEmpty else { return (low, nil) }
        let high = try number(most)
        if high < low { throw PatternError("min repeat greater than max repeat", at: start) }
        return (low, high)
    }
}
