/// A piece of a pattern, as its text says it.
indirect enum PatternNode {
    /// One character.
    case single(PatternSet)
    /// A place, not a character.
    case anchor(PatternAnchor)
    /// One piece after another; without any, nothing, which always fits.
    case sequence([PatternNode])
    /// The first of several that fits.
    case choice([PatternNode])
    /// A piece so many times; without an upper bound when `most` is nil.
    case loop(PatternNode, least: Int, most: Int?, style: LoopStyle)
    /// A piece whose text is kept under a number, from 1.
    case group(PatternNode, Int)
    /// The text of a group again.
    case reference(Int, ignoresCase: Bool, ascii: Bool)
    /// A piece that must fit, or must not, ahead of the place or so many characters behind it; its text is not taken.
    case look(PatternNode, behind: Int?, negative: Bool)
    /// A piece that is not tried in another way once it has fitted.
    case atomic(PatternNode)
    /// One piece where a group has a text, else the other.
    case conditional(Int, PatternNode, PatternNode)

    /// How a loop decides between one more time and going on.
    enum LoopStyle {
        /// As often as it can, then less often.
        case greedy
        /// As seldom as it can, then more often.
        case lazy
        /// As often as it can, and never less often.
        case possessive
    }
}

/// A place in a text that a pattern can ask for.
enum PatternAnchor {
    /// The start of the text.
    case start
    /// The start of the text or of a line.
    case lineStart
    /// The end of the text.
    case end
    /// The end of the text, or before a line break that ends it.
    case lastLineEnd
    /// The end of the text or of a line.
    case lineEnd
    /// Between a letter of a word and something else, or not there; letters are ASCII's alone where `ascii`.
    case wordBoundary(negated: Bool, ascii: Bool)
}

/// How many characters a piece of a pattern takes.
struct PatternWidth: Equatable {
    /// At least.
    var least: Int
    /// At most; nil where there is no bound.
    var most: Int?

    /// Nothing.
    static let zero = PatternWidth(least: 0, most: 0)

    /// Widths stop at a number that no text reaches.
    private static let widest = 1 << 30

    /// One piece after another.
    static func + (a: PatternWidth, b: PatternWidth) -> PatternWidth {
        PatternWidth(
            least: min(widest, a.least + b.least), most: both(a.most, b.most) { min(widest, $0 + $1) })
    }

    /// Either of two pieces.
    static func | (a: PatternWidth, b: PatternWidth) -> PatternWidth {
        PatternWidth(least: min(a.least, b.least), most: both(a.most, b.most, max))
    }

    /// So many times; `times` is nil where there is no bound.
    func repeated(_ least: Int, _ times: Int?) -> PatternWidth {
        PatternWidth(
            least: Self.product(self.least, least),
            most: most == 0 ? 0 : Self.both(most, times, Self.product))
    }

    private static func both(_ a: Int?, _ b: Int?, _ combine: (Int, Int) -> Int) -> Int? {
        guard let a, let b else { return nil }
        return combine(a, b)
    }

    private static func product(_ a: Int, _ b: Int) -> Int {
        let (product, overflow) = a.multipliedReportingOverflow(by: b)
        return overflow ? widest : min(widest, product)
    }
}

extension PatternNode {
    /// How many characters fit.
    ///
    /// - Parameter groups: the widths of the groups that are read.
    /// - Returns: the least and the greatest number.
    func width(_ groups: [Int: PatternWidth]) -> PatternWidth {
        switch self {
        case .anchor, .look: .zero
        case .single: PatternWidth(least: 1, most: 1)
        case .sequence(let parts): parts.reduce(.zero) { $0 + $1.width(groups) }
        case .choice(let parts):
            parts.dropFirst().reduce(parts.first?.width(groups) ?? .zero) { $0 | $1.width(groups) }
        case .loop(let body, let least, let most, _): body.width(groups).repeated(least, most)
        case .group(let body, _), .atomic(let body): body.width(groups)
        case .reference(let group, _, _): groups[group] ?? PatternWidth(least: 0)
        case .conditional(_, let yes, let no): yes.width(groups) | no.width(groups)
        }
    }
}
