/// A token that is found in the text as a whole before the text is split into words.
///
/// The flags have Hugging Face's names and meaning (`added_tokens` of tokenizer.json, `added_tokens_decoder` of
/// tokenizer_config.json).
public struct AddedToken: Hashable, Sendable {
    /// The text that stands for the token.
    public var content: String
    /// Whether the token marks a place (start, end, padding) rather than a word.
    public var special: Bool
    /// Whether `content` is normalized and looked for in the normalized text; else in the text as it is.
    public var normalized: Bool
    /// Whether the token counts only between characters that belong to no word.
    public var singleWord: Bool
    /// Whether the token takes the white space before it.
    public var lstrip: Bool
    /// Whether the token takes the white space after it.
    public var rstrip: Bool

    /// A token; without `normalized`, a special token is looked for in the text as it is and another one is not.
    public init(
        _ content: String, special: Bool = true, normalized: Bool? = nil, singleWord: Bool = false,
        lstrip: Bool = false, rstrip: Bool = false
    ) {
        self.content = content
        self.special = special
        self.normalized = normalized ?? !special
        self.singleWord = singleWord
        self.lstrip = lstrip
        self.rstrip = rstrip
    }
}

/// Finds added tokens in text: the leftmost match, and of those the longest.
struct AddedTokenMatcher: Sendable {
    private struct Edge: Hashable {
        let node: Int
        let scalar: Unicode.Scalar
    }

    private struct Entry {
        let token: AddedToken
        let id: Int
    }

    private var edges: [Edge: Int] = [:]
    private var entries: [Entry?] = [nil]
    /// The ASCII scalars that some token begins with, one bit each: most text is passed over by this alone.
    private var asciiStarts: (UInt64, UInt64) = (0, 0)

    /// The length of the longest content, in scalars.
    private(set) var longest = 0

    var isEmpty: Bool { longest == 0 }

    /// - Parameter tokens: contents as they are looked for, and ids; of equal contents the last counts.
    init(_ tokens: [(token: AddedToken, id: Int)]) {
        for (token, id) in tokens { add(token, id: id) }
    }

    private mutating func add(_ token: AddedToken, id: Int) {
        guard let first = token.content.unicodeScalars.first else { return }
        if first.value < 64 { asciiStarts.0 |= 1 << UInt64(first.value) }
        if (64..<128).contains(first.value) { asciiStarts.1 |= 1 << UInt64(first.value - 64) }
        var node = 0
        for scalar in token.content.unicodeScalars {
            let edge = Edge(node: node, scalar: scalar)
            if let next = edges[edge] {
                node = next
            } else {
                edges[edge] = entries.count
                node = entries.count
                entries.append(nil)
            }
        }
        entries[node] = Entry(token: token, id: id)
        longest = max(longest, token.content.unicodeScalars.count)
    }

    /// The first token in `text` at or after `start`, with the white space it takes but none before `start`.
    func firstMatch<Text: BidirectionalCollection>(
        in text: Text, from start: Text.Index
    ) -> (range: Range<Text.Index>, id: Int)? where Text.Element == Unicode.Scalar {
        guard !isEmpty else { return nil }
        var position = start
        while position < text.endIndex {
            guard mayStart(text[position]), let match = longestMatch(in: text, at: position) else {
                text.formIndex(after: &position)
                continue
            }
            if match.entry.token.singleWord, touchesWord(text, position..<match.end) {
                position = match.end
                continue
            }
            let range = stretch(match.entry.token, position..<match.end, in: text, from: start)
            return (range, match.entry.id)
        }
        return nil
    }

    private func mayStart(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<64: asciiStarts.0 >> UInt64(scalar.value) & 1 == 1
        case 64..<128: asciiStarts.1 >> UInt64(scalar.value - 64) & 1 == 1
        default: true
        }
    }

    private func longestMatch<Text: BidirectionalCollection>(
        in text: Text, at start: Text.Index
    ) -> (end: Text.Index, entry: Entry)? where Text.Element == Unicode.Scalar {
        var found: (end: Text.Index, entry: Entry)?
        var node = 0
        var position = start
        while position < text.endIndex, let next = edges[Edge(node: node, scalar: text[position])] {
            node = next
            text.formIndex(after: &position)
            if let entry = entries[node] { found = (position, entry) }
        }
        return found
    }

    private func touchesWord<Text: BidirectionalCollection>(
        _ text: Text, _ range: Range<Text.Index>
    ) -> Bool where Text.Element == Unicode.Scalar {
        if range.lowerBound > text.startIndex, text[text.index(before: range.lowerBound)].isWordScalar {
            return true
        }
        return range.upperBound < text.endIndex && text[range.upperBound].isWordScalar
    }

    private func stretch<Text: BidirectionalCollection>(
        _ token: AddedToken, _ range: Range<Text.Index>, in text: Text, from start: Text.Index
    ) -> Range<Text.Index> where Text.Element == Unicode.Scalar {
        var (lower, upper) = (range.lowerBound, range.upperBound)
        if token.lstrip {
            while lower > start, text[text.index(before: lower)].isSpace { text.formIndex(before: &lower) }
        }
        if token.rstrip {
            while upper < text.endIndex, text[upper].isSpace { text.formIndex(after: &upper) }
        }
        return lower..<upper
    }
}

extension Unicode.Scalar {
    /// Whether `\w` matches the scalar.
    fileprivate var isWordScalar: Bool {
        switch properties.generalCategory {
        case .decimalNumber, .letterNumber, .connectorPunctuation, .nonspacingMark, .spacingMark,
            .enclosingMark:
            true
        default: properties.isAlphabetic || properties.isJoinControl
        }
    }
}
