/// One step of a pattern that is ready to be tried.
enum PatternStep {
    /// Takes one character.
    case single(PatternSet)
    /// Takes characters of a set as often as it can; may give some back unless possessive.
    case run(PatternSet, least: Int, most: Int, possessive: Bool)
    /// Goes on only at a place.
    case anchor(PatternAnchor)
    /// Goes on at the first step, and at the second if that fails.
    case split(Int, Int)
    /// Goes on at a step.
    case jump(Int)
    /// Keeps the place in a register.
    case save(Int)
    /// Leaves a loop whose round began at the place that a register has kept: it would go on for ever.
    case leaveIfStuck(register: Int, Int)
    /// Takes the text of a group again.
    case reference(Int, ignoresCase: Bool, ascii: Bool)
    /// Tries the steps that follow up to `next`, where it goes on if they fit, or if they do not.
    case look(behind: Int?, negative: Bool, next: Int)
    /// Tries the steps that follow up to `next`, and goes on there behind what they take.
    case atomic(next: Int)
    /// Goes on at a step where a group has no text.
    case skipUnless(group: Int, Int)
    /// The end of the pattern, or of steps that are tried on their own.
    case accept
}

/// A pattern as steps.
struct PatternProgram {
    /// More steps than any sensible pattern has.
    private static let mostSteps = 100_000

    private(set) var steps: [PatternStep] = []
    /// How many places the steps keep: two a group, the whole being group 0, and one a loop.
    private(set) var registers: Int

    /// Translates a pattern.
    ///
    /// - Parameters:
    ///   - root: its pieces.
    ///   - groups: how many groups it has.
    /// - Throws: an error where its repetitions make it too large.
    init(_ root: PatternNode, groups: Int) throws(PatternError) {
        registers = 2 * (groups + 1)
        try add(root)
        try append(.accept)
    }

    private mutating func append(_ step: PatternStep) throws(PatternError) {
        guard steps.count < Self.mostSteps else {
            throw PatternError(
                "the pattern is too large: its repetitions come to more than \(Self.mostSteps) steps")
        }
        steps.append(step)
    }

    private mutating func add(_ node: PatternNode) throws(PatternError) {
        switch node {
        case .single(let set): try append(.single(set))
        case .anchor(let anchor): try append(.anchor(anchor))
        case .sequence(let parts): for part in parts { try add(part) }
        case .choice(let branches): try add(choice: branches)
        case .loop(let body, let least, let most, let style): try add(body, least, most, style)
        case .group(let body, let number):
            try append(.save(2 * number))
            try add(body)
            try append(.save(2 * number + 1))
        case .reference(let group, let ignoresCase, let ascii):
            try append(.reference(group, ignoresCase: ignoresCase, ascii: ascii))
        case .look(let body, let behind, let negative):
            try add(body) { .look(behind: behind, negative: negative, next: $0) }
        case .atomic(let body): try add(body) { .atomic(next: $0) }
        case .conditional(let group, let yes, let no):
            let start = steps.count
            try append(.accept)
            try add(yes)
            let end = steps.count
            try append(.accept)
            steps[start] = .skipUnless(group: group, steps.count)
            try add(no)
            steps[end] = .jump(steps.count)
        }
    }

    /// Steps to be tried on their own, behind one that knows where they end.
    private mutating func add(_ body: PatternNode, alone step: (Int) -> PatternStep) throws(PatternError) {
        let start = steps.count
        try append(.accept)
        try add(body)
        try append(.accept)
        steps[start] = step(steps.count)
    }

    private mutating func add(choice branches: [PatternNode]) throws(PatternError) {
        var ends: [Int] = []
        for branch in branches.dropLast() {
            let start = steps.count
            try append(.accept)
            try add(branch)
            ends.append(steps.count)
            try append(.accept)
            steps[start] = .split(start + 1, steps.count)
        }
        if let last = branches.last { try add(last) }
        for end in ends { steps[end] = .jump(steps.count) }
    }

    private mutating func add(
        _ body: PatternNode, _ least: Int, _ most: Int?, _ style: PatternNode.LoopStyle
    ) throws(PatternError) {
        if case .single(let set) = body, style != .lazy {
            try append(.run(set, least: least, most: most ?? .max, possessive: style == .possessive))
            return
        }
        if style == .possessive {
            try add(.atomic(.loop(body, least: least, most: most, style: .greedy)))
            return
        }
        for _ in 0..<least {
            let before = steps.count
            try add(body)
            // Nothing, however often, is nothing.
            if steps.count == before { return }
        }
        var splits: [Int] = []
        for _ in 0..<(most.map { $0 - least } ?? 1) {
            let start = steps.count
            splits.append(start)
            try append(.accept)
            let register = registers
            registers += 1
            try append(.save(register))
            try add(body)
            splits.append(steps.count)
            try append(.leaveIfStuck(register: register, 0))
            if most == nil { try append(.jump(start)) }
        }
        let exit = steps.count
        for place in splits {
            if case .leaveIfStuck(let register, _) = steps[place] {
                steps[place] = .leaveIfStuck(register: register, exit)
            } else {
                steps[place] = style == .lazy ? .split(exit, place + 1) : .split(place + 1, exit)
            }
        }
    }
}
