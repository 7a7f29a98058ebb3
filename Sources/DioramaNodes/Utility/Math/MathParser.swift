/// Reads an expression into steps, by the precedences of Python.
struct MathParser {
    /// How deep parentheses, powers and conditions may stand in one another.
    private static let deepest = 100

    private let tokens: [MathToken]
    private var next = 0
    private var depth = 0
    private var steps: [(step: MathStep, position: Int)] = []

    init(_ text: String) throws(MathError) { tokens = try MathToken.tokens(of: text) }

    /// The steps of the whole expression.
    mutating func parse() throws(MathError) -> [(step: MathStep, position: Int)] {
        try condition()
        if token.kind != .end { throw MathError("unexpected \(token.text)", at: token.position) }
        return steps
    }

    // MARK: Tokens

    private var token: MathToken { tokens[min(next, tokens.count - 1)] }

    /// Takes the next token if it is one of these signs or words.
    private mutating func take(_ signs: Set<String>) -> MathToken? {
        guard token.kind == .sign, signs.contains(token.text) else { return nil }
        defer { next += 1 }
        return token
    }

    private mutating func expect(_ sign: String, for what: String) throws(MathError) {
        guard take([sign]) != nil else {
            throw MathError("expected \(sign) \(what), found \(token.text)", at: token.position)
        }
    }

    private mutating func add(_ step: MathStep, at position: Int) { steps.append((step, position)) }

    /// Reads something that may stand in itself.
    private mutating func nested(
        _ read: (inout MathParser) throws(MathError) -> Void
    ) throws(MathError) {
        depth += 1
        guard depth <= Self.deepest else {
            throw MathError("parts stand more than \(Self.deepest) deep in one another", at: token.position)
        }
        try read(&self)
        depth -= 1
    }

    // MARK: Precedences, the loosest first

    /// A choice, `x if y else z`.
    private mutating func condition() throws(MathError) {
        let start = steps.count
        try disjunction()
        guard let word = take(["if"]) else { return }
        let first = steps[start...]
        steps.removeSubrange(start...)
        try disjunction()
        add(.unless(first.count + 1), at: word.position)
        steps += first
        let jump = steps.count
        add(.jump(0), at: word.position)
        try expect("else", for: "after the condition")
        try nested { parser throws(MathError) in try parser.condition() }
        steps[jump].step = .jump(steps.count - jump - 1)
    }

    private mutating func disjunction() throws(MathError) {
        try joined(by: "or", ifTrue: true) { parser throws(MathError) in try parser.conjunction() }
    }

    private mutating func conjunction() throws(MathError) {
        try joined(by: "and", ifTrue: false) { parser throws(MathError) in try parser.negation() }
    }

    /// Operands with a word between them; those behind the one that decides are not looked at.
    private mutating func joined(
        by word: String, ifTrue: Bool, _ operand: (inout MathParser) throws(MathError) -> Void
    ) throws(MathError) {
        try operand(&self)
        var shortcuts: [Int] = []
        while let token = take([word]) {
            shortcuts.append(steps.count)
            add(.shortcut(ifTrue: ifTrue, 0), at: token.position)
            try operand(&self)
        }
        for place in shortcuts { steps[place].step = .shortcut(ifTrue: ifTrue, steps.count - place - 1) }
    }

    private mutating func negation() throws(MathError) {
        guard let word = take(["not"]) else { return try comparison() }
        try nested { parser throws(MathError) in try parser.negation() }
        add(.unary(.not), at: word.position)
    }

    private mutating func comparison() throws(MathError) {
        try bits(0)
        var signs: [(sign: MathBinary, position: Int, place: Int)] = []
        while let token = take(["<", "<=", ">", ">=", "==", "!=", "in", "not"]) {
            var text = token.text
            if text == "not" {
                try expect("in", for: "after not")
                text = "not in"
            }
            guard let sign = MathBinary(rawValue: text) else { break }
            if let last = signs.last {
                // The one before is part of a chain; its steps were added where it stood.
                steps[last.place].step = .link(last.sign, 0)
            }
            try bits(0)
            signs.append((sign, token.position, steps.count))
            add(.binary(sign), at: token.position)
        }
        for link in signs.dropLast() {
            steps[link.place].step = .link(link.sign, steps.count - link.place - 1)
        }
    }

    /// Operators of one precedence each, from the loosest: they are worked off from left to right.
    private static let levels: [Set<String>] = [
        ["|"], ["^"], ["&"], ["<<", ">>"], ["+", "-"], ["*", "/", "//", "%"],
    ]

    private mutating func bits(_ level: Int) throws(MathError) {
        guard level < Self.levels.count else { return try signed() }
        try bits(level + 1)
        while let token = take(Self.levels[level]) {
            try bits(level + 1)
            if let sign = MathBinary(rawValue: token.text) { add(.binary(sign), at: token.position) }
        }
    }

    private mutating func signed() throws(MathError) {
        guard let sign = take(["+", "-", "~"]) else { return try power() }
        try nested { parser throws(MathError) in try parser.signed() }
        add(.unary(sign.text == "-" ? .minus : sign.text == "+" ? .plus : .invert), at: sign.position)
    }

    private mutating func power() throws(MathError) {
        try element()
        guard let sign = take(["**"]) else { return }
        // From right to left, and its right side may have a sign.
        try nested { parser throws(MathError) in try parser.signed() }
        add(.binary(.power), at: sign.position)
    }

    private mutating func element() throws(MathError) {
        try atom()
        while let bracket = take(["["]) {
            try nested { parser throws(MathError) in try parser.condition() }
            try expect("]", for: "after the place")
            add(.element, at: bracket.position)
        }
    }

    private mutating func atom() throws(MathError) {
        let token = token
        switch token.kind {
        case .number(let value):
            next += 1
            add(.value(value), at: token.position)
        case .name:
            next += 1
            if take(["("]) != nil {
                try call(token)
            } else if MathFunction(rawValue: token.text) != nil {
                throw MathError("\(token.text) is a function; write \(token.text)(...)", at: token.position)
            } else {
                add(.name(token.text), at: token.position)
            }
        case .sign where token.text == "(":
            next += 1
            try nested { parser throws(MathError) in try parser.condition() }
            try expect(")", for: "to close the parenthesis")
        case .sign, .end:
            throw MathError(
                "expected a number, a name or a parenthesis, found \(token.text)", at: token.position)
        }
    }

    /// The arguments of a function behind its parenthesis.
    private mutating func call(_ name: MathToken) throws(MathError) {
        guard let function = MathFunction(rawValue: name.text) else {
            let known = MathFunction.allCases.map(\.rawValue).joined(separator: ", ")
            throw MathError("there is no function \(name.text); there are \(known)", at: name.position)
        }
        var count = 0
        while take([")"]) == nil {
            if count > 0 {
                try expect(",", for: "or ) after an argument of \(name.text)")
                if take([")"]) != nil { break }
            }
            try nested { parser throws(MathError) in try parser.condition() }
            count += 1
        }
        add(.call(function, count), at: name.position)
    }
}
