/// Token ids with weights, cut into the sequences that a text encoder takes, as ComfyUI cuts them.
///
/// A long text becomes several sequences of the encoder's length, each with its own start and end. A piece of the text that has one
/// weight is kept together where it has less than eight tokens. As ComfyUI's `SDTokenizer.tokenize_with_weights`.
struct TokenSections {
    /// Ids and weights of each sequence, all of one length where the encoder has one.
    private(set) var sections: [[(id: Int, weight: Double)]]
    /// Tokens at the end of the text that found no place.
    private(set) var truncated = 0

    /// How sequences of an encoder are laid out.
    struct Layout {
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
    }

    private static let wordLength = 8

    /// - Parameters:
    ///   - groups: the ids of each piece of the text, with its weight.
    ///   - layout: of the sequences.
    init(_ groups: [(ids: [Int], weight: Double)], _ layout: Layout) {
        let opening = layout.start.map { [(id: $0, weight: 1.0)] } ?? []
        let closing = layout.end.map { [(id: $0, weight: 1.0)] } ?? []
        let room = layout.longest - closing.count
        sections = [opening]
        for (number, group) in groups.enumerated() {
            var ids = group.ids[...]
            let isLong = ids.count >= Self.wordLength
            while !ids.isEmpty {
                let last = sections.count - 1
                let free = room - sections[last].count
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

    /// Adds sequences of these ids until there are so many.
    mutating func append(_ ids: [Int], upTo count: Int) {
        while sections.count < count { sections.append(ids.map { ($0, 1) }) }
    }

    /// Whether some id counts other than 1.
    var hasWeights: Bool { sections.contains { $0.contains { $0.weight != 1 } } }
    /// The ids alone.
    var ids: [[Int]] { sections.map { $0.map(\.id) } }
    /// The length of the longest sequence.
    var length: Int { sections.map(\.count).max() ?? 0 }
}
