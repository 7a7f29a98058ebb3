/// How a Unigram tokenizer normalizes text: a table of replacements, then steps on what it gives.
struct UnigramNormalizer: Sendable {
    /// One step; a space is U+0020, white space everything with Unicode's White_Space property.
    enum Step: Sendable {
        /// Hugging Face's Strip: takes white space from the ends.
        case strip(left: Bool, right: Bool)
        /// Puts a text in the place of every occurrence of a character.
        case replaceEach(Unicode.Scalar, [Unicode.Scalar])
        /// Puts a text in the place of every run of a character that stands twice or more.
        case replaceRuns(Unicode.Scalar, [Unicode.Scalar])
        /// Hugging Face's WhitespaceSplit before a Metaspace: one space between words, none at the ends or before the mark.
        case separateWords(mark: Unicode.Scalar)
        /// SentencePiece's remove_extra_whitespaces: no space at the beginning or after a space, no space or mark at the end.
        case dropSpaces(mark: Unicode.Scalar)
    }

    var table: PrecompiledCharsmap?
    var rule = ReplacedScalars.Rule.clusters
    var steps: [Step] = []

    func callAsFunction(_ text: Substring) -> NormalizedText {
        NormalizedText(ReplacedScalars(text, table, rule), steps)
    }
}

extension UnigramNormalizer {
    /// The scalars of a text after all steps.
    struct NormalizedText: IteratorProtocol {
        private struct State {
            let step: Step
            /// Whether something that is no white space has passed.
            var started = false
            /// White space that counts only if something follows, run by run.
            var held: [(scalar: Unicode.Scalar, count: Int)] = []

            mutating func hold(_ scalar: Unicode.Scalar) {
                if let last = held.last, last.scalar == scalar {
                    held[held.count - 1].count += 1
                } else {
                    held.append((scalar, 1))
                }
            }
        }

        private var source: ReplacedScalars
        private var states: [State]
        private var ready: [Unicode.Scalar] = []
        private var taken = 0
        private var ended = false

        fileprivate init(_ source: ReplacedScalars, _ steps: [Step]) {
            self.source = source
            states = steps.map { State(step: $0) }
        }

        mutating func next() -> Unicode.Scalar? {
            while taken == ready.count {
                guard !ended else { return nil }
                ready.removeAll(keepingCapacity: true)
                taken = 0
                if let scalar = source.next() {
                    push(scalar, into: 0)
                } else {
                    ended = true
                    for index in states.indices { finish(index) }
                }
            }
            taken += 1
            return ready[taken - 1]
        }

        /// Hands a scalar to a step, or out if there are no more.
        private mutating func push(_ scalar: Unicode.Scalar, into index: Int) {
            guard index < states.count else { return ready.append(scalar) }
            switch states[index].step {
            case .strip(let left, let right):
                if scalar.isSpace, left, !states[index].started { return }
                if scalar.isSpace, right { return states[index].hold(scalar) }
                states[index].started = states[index].started || !scalar.isSpace
                release(index)
                push(scalar, into: index + 1)
            case .replaceEach(let replaced, let text):
                guard scalar == replaced else { return push(scalar, into: index + 1) }
                for scalar in text { push(scalar, into: index + 1) }
            case .replaceRuns(let replaced, _):
                if scalar == replaced { return states[index].hold(scalar) }
                finish(index)
                push(scalar, into: index + 1)
            case .separateWords(let mark):
                if scalar.isSpace {
                    if states[index].started, states[index].held.isEmpty { states[index].hold(" ") }
                    return
                }
                if scalar == mark { states[index].held = [] }
                states[index].started = true
                release(index)
                push(scalar, into: index + 1)
            case .dropSpaces(let mark):
                if scalar == " " {
                    if states[index].started, states[index].held.last?.scalar != " " {
                        states[index].hold(" ")
                    }
                    return
                }
                states[index].started = true
                if scalar == mark { return states[index].hold(mark) }
                release(index)
                push(scalar, into: index + 1)
            }
        }

        /// Hands what a step held on to the next step.
        private mutating func release(_ index: Int) {
            guard !states[index].held.isEmpty else { return }
            let held = states[index].held
            states[index].held = []
            for run in held { for _ in 0..<run.count { push(run.scalar, into: index + 1) } }
        }

        /// Ends a step's text; what it holds has nothing behind it.
        private mutating func finish(_ index: Int) {
            guard case .replaceRuns(_, let text) = states[index].step else { return }
            guard let run = states[index].held.first, run.count > 1 else { return release(index) }
            states[index].held = []
            for scalar in text { push(scalar, into: index + 1) }
        }
    }
}
