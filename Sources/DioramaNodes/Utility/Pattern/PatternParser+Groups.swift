// Groups of every kind, and the flags that stand in them.
extension PatternParser {
    /// A group behind its opening parenthesis; nil for comments, which are no piece.
    mutating func group(at start: Int, depth: Int) throws(PatternError) -> PatternNode? {
        guard depth <= Self.deepest else {
            throw PatternError("groups stand more than \(Self.deepest) deep in one another", at: start)
        }
        guard scanner.take("?") else { return try capture(named: nil, at: start, depth: depth) }
        let mark = scanner.position
        guard let kind = scanner.take() else { throw PatternError("unexpected end of pattern", at: mark) }
        switch kind {
        case ":": return .sequence([try rest(at: start, depth: depth)])
        case ">": return .atomic(try rest(at: start, depth: depth))
        case "=", "!":
            return .look(try rest(at: start, depth: depth), behind: nil, negative: kind == "!")
        case "#":
            _ = scanner.take { $0 != ")" }
            guard scanner.take(")") else {
                throw PatternError("missing ), unterminated comment", at: start)
            }
            return nil
        case "<": return try lookBehind(at: start, depth: depth)
        case "(": return try conditional(at: start, depth: depth)
        case "P":
            if scanner.take("<") {
                let name = try groupName(upTo: ">")
                return try capture(named: name, at: start, depth: depth)
            }
            if scanner.take("=") {
                let place = scanner.position
                return try reference(to: try number(named: groupName(upTo: ")"), at: place), at: place)
            }
            throw PatternError("unknown extension ?P\(scanner.next.map(String.init) ?? "")", at: mark)
        default:
            scanner.position = mark
            guard let flags = try flags() else {
                throw PatternError("unknown extension ?\(String(kind))", at: mark)
            }
            guard flags.isScoped else {
                throw PatternError("global flags not at the start of the expression", at: start)
            }
            let outer = options
            options = flags.options
            let body = try rest(at: start, depth: depth)
            options = outer
            return .sequence([body])
        }
    }

    /// What is in a group, up to its closing parenthesis.
    private mutating func rest(at start: Int, depth: Int) throws(PatternError) -> PatternNode {
        let body = try choice(depth: depth)
        guard scanner.take(")") else {
            throw PatternError("missing ), unterminated subpattern", at: start)
        }
        return body
    }

    private mutating func capture(named name: String?, at start: Int, depth: Int) throws(PatternError)
        -> PatternNode
    {
        groupCount += 1
        let number = groupCount
        if let name {
            if let other = names[name] {
                throw PatternError(
                    "redefinition of group name '\(name)' as group \(number); was group \(other)", at: start)
            }
            names[name] = number
        }
        let body = try rest(at: start, depth: depth)
        widths[number] = body.width(widths)
        return .group(body, number)
    }

    private mutating func lookBehind(at start: Int, depth: Int) throws(PatternError) -> PatternNode {
        let mark = scanner.position
        guard let kind = scanner.take() else { throw PatternError("unexpected end of pattern", at: mark) }
        guard kind == "=" || kind == "!" else {
            throw PatternError("unknown extension ?<\(String(kind))", at: mark)
        }
        let body = try rest(at: start, depth: depth)
        let width = body.width(widths)
        guard width.least == width.most else {
            throw PatternError("look-behind requires fixed-width pattern", at: start)
        }
        return .look(body, behind: width.least, negative: kind == "!")
    }

    private mutating func conditional(at start: Int, depth: Int) throws(PatternError) -> PatternNode {
        let mark = scanner.position
        let name = try scanner.name(upTo: ")")
        let group: Int
        if let digits = Int(name), name.unicodeScalars.allSatisfy({ $0.isDecimalDigit }) {
            guard digits > 0 else { throw PatternError("bad group number", at: mark) }
            group = digits
            conditions.append((group, mark))
        } else {
            group = try number(named: try checked(name, at: mark), at: mark)
        }
        let yes = try sequence(depth: depth)
        let no = scanner.take("|") ? try sequence(depth: depth) : .sequence([])
        if scanner.next == "|" {
            throw PatternError("conditional backref with more than two branches", at: scanner.position)
        }
        guard scanner.take(")") else {
            throw PatternError("missing ), unterminated subpattern", at: start)
        }
        return .conditional(group, yes, no)
    }

    /// The text of a group again; the group must be closed.
    func reference(to group: Int, at position: Int) throws(PatternError) -> PatternNode {
        guard group <= groupCount, group > 0 else {
            throw PatternError("invalid group reference \(group)", at: position)
        }
        guard widths[group] != nil else {
            throw PatternError("cannot refer to an open group", at: position)
        }
        return .reference(group, ignoresCase: options.ignoresCase, ascii: options.ascii)
    }

    private func number(named name: String, at position: Int) throws(PatternError) -> Int {
        guard let number = names[name] else {
            throw PatternError("unknown group name '\(name)'", at: position)
        }
        return number
    }

    private mutating func groupName(upTo mark: Unicode.Scalar) throws(PatternError) -> String {
        let start = scanner.position
        return try checked(try scanner.name(upTo: mark), at: start)
    }

    private func checked(_ name: String, at position: Int) throws(PatternError) -> String {
        guard name.isPythonIdentifier else {
            throw PatternError("bad character in group name '\(name)'", at: position)
        }
        return name
    }

    // MARK: Flags

    /// The options that flags such as `i`, `ms-x` lead to, behind `(?`; nil where no flag stands.
    mutating func flags() throws(PatternError) -> (options: PatternOptions, isScoped: Bool)? {
        var changed = options
        var isOn = true
        let start = scanner.position
        while let letter = scanner.next, letter != ")", letter != ":" {
            scanner.position += 1
            switch letter {
            case "i": changed.ignoresCase = isOn
            case "m": changed.multiline = isOn
            case "s": changed.dotAll = isOn
            case "x": changed.verbose = isOn
            case "a" where isOn: changed.ascii = true
            case "u" where isOn: changed.ascii = false
            case "-" where isOn && scanner.next != ")" && scanner.next != ":": isOn = false
            default:
                if scanner.position == start + 1 { return nil }
                throw PatternError("unknown flag", at: scanner.position - 1)
            }
        }
        guard scanner.position > start else { return nil }
        if scanner.take(":") { return (changed, true) }
        guard scanner.take(")") else { throw PatternError("missing -, : or )", at: scanner.position) }
        guard isOn else { throw PatternError("missing :", at: scanner.position - 1) }
        return (changed, false)
    }
}

extension String {
    /// Whether Python takes the text as a name.
    var isPythonIdentifier: Bool {
        guard let first = unicodeScalars.first else { return false }
        return (first == "_" || first.properties.isXIDStart)
            && unicodeScalars.dropFirst().allSatisfy(\.properties.isXIDContinue)
    }
}
