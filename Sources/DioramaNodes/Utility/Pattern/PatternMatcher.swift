/// Tries a pattern on a text, one way after another, until it fits or has taken too many steps.
///
/// The ways that remain to be tried lie on a stack of its own, so that no text can make it recurse deeply.
struct PatternMatcher {
    /// What to do when a way fails.
    private enum Entry {
        /// Go on at a step and a place.
        case way(step: Int, place: Int)
        /// Go on at a step with one character fewer, down to a least place.
        case shorter(step: Int, least: Int, most: Int)
        /// Give a register its old value, then see the next entry.
        case restore(register: Int, value: Int)
    }

    /// More ways than any sensible pattern leaves open at once.
    private static let mostEntries = 1 << 20

    private let program: PatternProgram
    private let text: [Unicode.Scalar]
    private let check: () throws -> Void
    private var registers: [Int]
    private var stack: [Entry] = []
    private var budget: Int

    /// - Parameters:
    ///   - program: the pattern.
    ///   - text: what to search.
    ///   - check: called now and then; throws to end the search.
    init(_ program: PatternProgram, text: [Unicode.Scalar], check: @escaping () throws -> Void) {
        self.program = program
        self.text = text
        self.check = check
        registers = Array(repeating: -1, count: program.registers)
        budget = 20_000_000 + 64 * text.count
    }

    /// The first place from `start` on where the pattern fits.
    ///
    /// - Parameters:
    ///   - start: where to begin.
    ///   - groups: how many groups it has.
    ///   - mustAdvance: whether it may not take nothing at `start`, where it has just done so.
    /// - Returns: the ranges of the whole and of each group; nil where it fits nowhere.
    /// - Throws: `PatternTooSlow`, and what `check` throws.
    mutating func search(from start: Int, groups: Int, mustAdvance: Bool) throws -> PatternMatch? {
        var place = start
        while place <= text.count {
            for register in registers.indices { registers[register] = -1 }
            stack.removeAll(keepingCapacity: true)
            try spend(program.registers)
            if let end = try run(0, at: place, butNotTo: mustAdvance && place == start ? place : nil) {
                (registers[0], registers[1]) = (place, end)
                return PatternMatch(
                    ranges: (0...groups).map { group in
                        let (from, to) = (registers[2 * group], registers[2 * group + 1])
                        return from >= 0 && to >= from ? from..<to : nil
                    })
            }
            place += 1
        }
        return nil
    }

    private mutating func spend(_ steps: Int) throws {
        let before = budget
        budget -= steps
        guard budget > 0 else { throw PatternTooSlow() }
        if before >> 16 != budget >> 16 { try check() }
    }

    /// Runs steps from a place up to `accept`; returns the place reached there, nil where no way leads to it.
    ///
    /// What is left on the stack above what was there are the ways not tried yet and the old values of registers.
    private mutating func run(_ first: Int, at start: Int, butNotTo forbidden: Int? = nil) throws -> Int? {
        let base = stack.count
        var (step, place) = (first, start)
        while true {
            try spend(1)
            var fits = true
            switch program.steps[step] {
            case .single(let set):
                fits = place < text.count && set.takes(text[place])
                place += 1
                step += 1
            case .run(let set, let least, let most, let possessive):
                var end = place
                let limit = most < text.count - place ? place + most : text.count
                while end < limit, set.takes(text[end]) { end += 1 }
                try spend(end - place)
                fits = end - place >= least
                step += 1
                if fits, !possessive, end - place > least {
                    try push(.shorter(step: step, least: place + least, most: end - 1))
                }
                place = end
            case .anchor(let anchor):
                fits = isAt(anchor, place)
                step += 1
            case .split(let preferred, let other):
                try push(.way(step: other, place: place))
                step = preferred
            case .jump(let target): step = target
            case .save(let register):
                try push(.restore(register: register, value: registers[register]))
                registers[register] = place
                step += 1
            case .leaveIfStuck(let register, let exit): step = registers[register] == place ? exit : step + 1
            case .reference(let group, let ignoresCase, let ascii):
                let length = lengthOfReference(group, at: place, ignoresCase: ignoresCase, ascii: ascii)
                fits = length != nil
                try spend(length ?? 0)
                place += length ?? 0
                step += 1
            case .look(let behind, let negative, let next):
                let own = stack.count
                let from = place - (behind ?? 0)
                let found = from < 0 ? nil : try run(step + 1, at: from)
                if negative { unwind(to: own) } else { dropWays(to: own) }
                fits = (found != nil) != negative
                step = next
            case .atomic(let next):
                let own = stack.count
                let end = try run(step + 1, at: place)
                dropWays(to: own)
                fits = end != nil
                place = end ?? place
                step = next
            case .skipUnless(let group, let target):
                step = registers[2 * group + 1] < 0 ? target : step + 1
            case .accept:
                if place != forbidden { return place }
                fits = false
            }
            guard !fits else { continue }
            guard let way = nextWay(above: base) else { return nil }
            (step, place) = way
        }
    }

    private mutating func push(_ entry: Entry) throws {
        guard stack.count < Self.mostEntries else { throw PatternTooSlow() }
        stack.append(entry)
    }

    /// The way to try next of those above a mark of the stack; registers are again as they were there.
    private mutating func nextWay(above base: Int) -> (step: Int, place: Int)? {
        while stack.count > base, let entry = stack.popLast() {
            switch entry {
            case .way(let step, let place): return (step, place)
            case .shorter(let step, let least, let most):
                if most > least { stack.append(.shorter(step: step, least: least, most: most - 1)) }
                return (step, most)
            case .restore(let register, let value): registers[register] = value
            }
        }
        return nil
    }

    /// Forgets the ways above a mark and takes registers back to what they were there.
    private mutating func unwind(to base: Int) {
        while stack.count > base, let entry = stack.popLast() {
            if case .restore(let register, let value) = entry { registers[register] = value }
        }
    }

    /// Forgets the ways above a mark, but not the old values of registers.
    private mutating func dropWays(to base: Int) {
        let kept = stack[base...].filter { entry in
            if case .restore = entry { true } else { false }
        }
        stack.replaceSubrange(base..., with: kept)
    }

    private func lengthOfReference(_ group: Int, at place: Int, ignoresCase: Bool, ascii: Bool) -> Int? {
        let (from, to) = (registers[2 * group], registers[2 * group + 1])
        guard from >= 0, to >= from, place + (to - from) <= text.count else { return nil }
        for offset in 0..<to - from {
            let (a, b) = (text[from + offset], text[place + offset])
            guard a == b || ignoresCase && a.folded(ascii: ascii) == b.folded(ascii: ascii) else {
                return nil
            }
        }
        return to - from
    }

    private func isAt(_ anchor: PatternAnchor, _ place: Int) -> Bool {
        switch anchor {
        case .start: place == 0
        case .lineStart: place == 0 || text[place - 1] == "\n"
        case .end: place == text.count
        case .lineEnd: place == text.count || text[place] == "\n"
        case .lastLineEnd: place == text.count || place == text.count - 1 && text[place] == "\n"
        case .wordBoundary(let negated, let ascii):
            (isWord(place - 1, ascii) != isWord(place, ascii)) != negated && !(negated && text.isEmpty)
        }
    }

    private func isWord(_ place: Int, _ ascii: Bool) -> Bool {
        text.indices.contains(place) && text[place].isOf(.word, ascii: ascii)
    }
}
