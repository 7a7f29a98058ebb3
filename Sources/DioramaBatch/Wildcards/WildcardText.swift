/// A prompt with choices, read: `a {red|2::blue} fox, __weather__`.
indirect enum WildcardText {
    /// As it stands.
    case plain(String)
    /// One after the other.
    case sequence([WildcardText])
    /// One of several, each with its weight.
    case choice([(weight: Double, text: WildcardText)])
    /// A line of a file.
    case file(String)
}

/// Reads prompts with choices.
///
/// - `{a|b|c}` is one of its parts, which may hold choices themselves; `{2::a|b}` is `a` twice as often as `b`. Braces
///   without a bar between them stand for themselves, and so do braces that nothing closes.
/// - `__name__` is a line of a file.
/// - `\{`, `\}`, `\|` and `\_` are those characters.
struct WildcardParser {
    private let text: [Character]
    /// Where the brace is that closes each one that is closed.
    private let closings: [Int: Int]
    private var position = 0
    private var depth = 0
    /// Deeper braces stand for themselves: reading them recurses.
    private static let deepest = 64

    static func parse(_ text: String) -> WildcardText {
        var parser = WildcardParser(text: Array(text))
        return parser.sequence(upTo: nil)
    }

    private init(text: [Character]) {
        self.text = text
        var closings: [Int: Int] = [:]
        var open: [Int] = []
        var position = 0
        while position < text.count {
            if Self.isEscape(text, at: position) {
                position += 1
            } else if text[position] == "{" {
                open.append(position)
            } else if text[position] == "}", let opening = open.popLast() {
                closings[opening] = position
            }
            position += 1
        }
        self.closings = closings
    }

    /// Whether a backslash makes the character behind it plain.
    private static func isEscape(_ text: [Character], at position: Int) -> Bool {
        text[position] == "\\" && position + 1 < text.count && "{}|_".contains(text[position + 1])
    }

    /// Text up to the end, or up to a bar or the brace that closes it.
    private mutating func sequence(upTo end: Int?) -> WildcardText {
        var parts: [WildcardText] = []
        var plain = ""
        func flush() {
            if !plain.isEmpty { parts.append(.plain(plain)) }
            plain = ""
        }
        while position < text.count {
            let character = text[position]
            if let end, character == "|" || position == end { break }
            if Self.isEscape(text, at: position) {
                plain.append(text[position + 1])
                position += 2
            } else if character == "{", let group = group() {
                flush()
                parts.append(group)
            } else if character == "_", let name = fileName() {
                flush()
                parts.append(.file(name))
            } else {
                plain.append(character)
                position += 1
            }
        }
        flush()
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    /// What stands in braces; nil when nothing closes them.
    private mutating func group() -> WildcardText? {
        guard depth < Self.deepest, let end = closings[position] else { return nil }
        depth += 1
        defer { depth -= 1 }
        position += 1
        var options: [(weight: Double, text: WildcardText)] = []
        while true {
            let weight = weight()
            options.append((weight ?? 1, sequence(upTo: end)))
            position += 1
            guard position > end else { continue }
            guard options.count == 1 else { return .choice(options) }
            // No bar: braces of another meaning, such as a prompt in JSON.
            guard weight == nil else { return options[0].text }
            return .sequence([.plain("{"), options[0].text, .plain("}")])
        }
    }

    /// `2::` or `0.5::` at the beginning of a part.
    private mutating func weight() -> Double? {
        var end = position
        while end < text.count, text[end].isNumber || text[end] == "." { end += 1 }
        guard end > position, end + 1 < text.count, text[end] == ":", text[end + 1] == ":",
            let weight = Double(String(text[position..<end])), weight.isFinite, weight >= 0
        else { return nil }
        position = end + 2
        return weight
    }

    /// The name between two pairs of underscores.
    private mutating func fileName() -> String? {
        func isMark(_ index: Int) -> Bool {
            index + 1 < text.count && text[index] == "_" && text[index + 1] == "_"
        }
        guard isMark(position) else { return nil }
        var end = position + 2
        while end < text.count, !isMark(end) {
            let character = text[end]
            guard character.isLetter || character.isNumber || "-_/.".contains(character) else { return nil }
            end += 1
        }
        guard isMark(end), end > position + 2 else { return nil }
        defer { position = end + 2 }
        return String(text[(position + 2)..<end])
    }
}
