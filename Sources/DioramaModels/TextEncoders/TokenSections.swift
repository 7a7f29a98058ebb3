package import DioramaTensor

/// Token ids with weights, cut into the sequences that a text encoder takes, as ComfyUI cuts them.
///
/// A long text becomes several sequences of the encoder's length, each with its own start and end. A piece of the text that has one
/// weight is kept together where it has less than eight tokens. As ComfyUI's `SDTokenizer.tokenize_with_weights`.
package struct TokenSections {
    /// Ids and weights of each sequence, all of one length where the encoder has one.
    package private(set) var sections: [[(id: Int, weight: Double)]]
    /// Tokens at the end of the text that found no place.
    package private(set) var truncated = 0
    private let layout: Layout

    /// How sequences of an encoder are laid out.
    package struct Layout: Sendable {
        /// The id before every sequence.
        var start: Int?
        /// The id after every text.
        var end: Int?
        /// The id that fills up.
        var pad: Int
        /// The longest sequence.
        var longest: Int
        /// The shortest.
        var shortest = 0
        /// How many ids fill up at least.
        var padding = 0
        /// How many sequences one text may become.
        var most = 1
        /// Whether an empty text has its end, when states of weighted texts are measured against it; PixArt's is filled alone.
        var emptyHasEnd = true

        /// A layout; see its properties.
        package init(
            start: Int? = nil, end: Int?, pad: Int, longest: Int, shortest: Int = 0, padding: Int = 0,
            most: Int = 1, emptyHasEnd: Bool = true
        ) {
            (self.start, self.end, self.pad) = (start, end, pad)
            (self.longest, self.shortest, self.padding) = (longest, shortest, padding)
            (self.most, self.emptyHasEnd) = (most, emptyHasEnd)
        }
    }

    private static let wordLength = 8

    /// - Parameters:
    ///   - groups: the ids of each piece of the text, with its weight.
    ///   - layout: of the sequences.
    package init(_ groups: [(ids: [Int], weight: Double)], _ layout: Layout) {
        self.layout = layout
        let opening = layout.start.map { [(id: $0, weight: 1.0)] } ?? []
        let closing = layout.end.map { [(id: $0, weight: 1.0)] } ?? []
        let room = layout.longest - closing.count
        sections = [opening]
        for (number, group) in groups.enumerated() {
            var ids = group.ids[...]
            let isLong = ids.count >= Self.wordLength
            while !ids.isEmpty {
                let last = sections.count - 1
                let free = max(room - sections[last].count, 0)
                if ids.count <= free {
                    sections[last] += ids.map { ($0, group.weight) }
                    ids = []
                    continue
                }
                let isLast = sections.count == layout.most
                if isLong || isLast {
                    sections[last] += ids.prefix(free).map { ($0, group.weight) }
                    ids = ids.dropFirst(free)
                }
                guard !isLast else {
                    truncated = ids.count + groups[(number + 1)...].reduce(0) { $0 + $1.ids.count }
                    break
                }
                sections[last] += closing
                sections.append(opening)
            }
            if truncated > 0 { break }
        }
        sections[sections.count - 1] += closing
        let isFixed = layout.most > 1
        let fill = (id: layout.pad, weight: 1.0)
        for index in sections.indices {
            let length = sections[index].count
            let isLast = index == sections.count - 1
            let wanted =
                isFixed
                ? layout.longest
                : isLast ? min(max(length + layout.padding, layout.shortest), layout.longest) : length
            sections[index] += Array(repeating: fill, count: max(wanted - length, 0))
        }
    }

    /// Adds sequences of an empty text until there are so many.
    mutating func fill(upTo count: Int) {
        let empty = empty.map { (id: $0, weight: 1.0) }
        while sections.count < count { sections.append(empty) }
    }

    /// What an empty text of the longest sequence's length is.
    private var empty: [Int] {
        let ends = [layout.start, layout.emptyHasEnd ? layout.end : nil].compactMap { $0 }
        let length = sections.map(\.count).max() ?? 0
        return ends + Array(repeating: layout.pad, count: max(length - ends.count, 0))
    }

    /// Whether some id counts other than 1.
    private var hasWeights: Bool { sections.contains { $0.contains { $0.weight != 1 } } }
    /// The ids to encode: those of each sequence and, where there are weights, an empty text's behind them.
    package var ids: [[Int]] { sections.map { $0.map(\.id) } + (hasWeights ? [empty] : []) }

    /// States of the sequences, each token's moved away from that of an empty text by its weight.
    ///
    /// As ComfyUI's `ClipTokenWeightEncoder.encode_token_weights`.
    ///
    /// - Parameter states: of each of ``ids``, [1, L, D].
    /// - Returns: of each sequence, [1, L, D].
    package func weighted(_ states: [Tensor]) -> [Tensor] {
        guard hasWeights, let empty = states.last else { return states }
        return zip(sections, states).map { tokens, state in
            let none = empty.narrowed(axis: 1, 0..<state.shape[1])
            let weights = Tensor(
                tokens.map { Float($0.weight) }, [1, tokens.count, 1], on: state.device)
            return (state - none) * weights + none
        }
    }
}
