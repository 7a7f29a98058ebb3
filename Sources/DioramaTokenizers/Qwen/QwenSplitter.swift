/// Splits normalized text into the words of Qwen's tokenizers.
///
/// They are what this pattern finds from left to right; every character is in one of them:
///
///     (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
enum QwenSplitter {
    /// The pattern as tokenizer.json writes it.
    static let pattern =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

    /// The number of scalars that must stand after a word's first scalar for its kind to be known.
    static let lookahead = 3

    /// Calls `word` with the range of every word of `text[range]`; see `WordEncoding.split`.
    static func split(
        _ text: [Unicode.Scalar], _ range: Range<Int>, isEnd: Bool, _ word: (Range<Int>) -> Bool
    ) -> Int? {
        var start = range.lowerBound
        while start < range.upperBound {
            let rest = text[start..<range.upperBound]
            guard isEnd || rest.count > lookahead else { return start }
            let (end, reachesEnd) = wordEnd(rest)
            guard isEnd || !reachesEnd else { return start }
            guard word(start..<end) else { return nil }
            start = end
        }
        return start
    }

    /// Where the first word of a text ends, and whether that is where the text ends, so that more might change it.
    private static func wordEnd(_ text: ArraySlice<Unicode.Scalar>) -> (end: Int, reachesEnd: Bool) {
        let start = text.startIndex
        let first = text[start]
        if first == "'", let length = contraction(text) { return (start + length, false) }
        let kind = ScalarClass(first)
        if kind == .number { return (start + 1, false) }
        let next = text.count > 1 ? ScalarClass(text[start + 1]) : nil
        if kind == .letter || (next == .letter && first != "\r" && first != "\n") {
            return run(text, from: start + 1) { ScalarClass($0) == .letter }
        }
        if kind == .other || (first == " " && next == .other) {
            let (end, _) = run(text, from: start + 1) { ScalarClass($0) == .other }
            return run(text, from: end, while: isLineBreak)
        }
        return spaceEnd(text)
    }

    /// Where a word of white space ends: behind its last line break, else before the space that belongs to what follows.
    private static func spaceEnd(_ text: ArraySlice<Unicode.Scalar>) -> (end: Int, reachesEnd: Bool) {
        let (end, reachesEnd) = run(text, from: text.startIndex) { $0.isSpace }
        if let lineBreak = text[..<end].lastIndex(where: isLineBreak) { return (lineBreak + 1, reachesEnd) }
        return (reachesEnd || end == text.startIndex + 1 ? end : end - 1, reachesEnd)
    }

    /// The length of a contraction at the beginning of a text, in any case; ſ is a case of s.
    private static func contraction(_ text: ArraySlice<Unicode.Scalar>) -> Int? {
        let letters = text.dropFirst().prefix(2).map { $0 == "\u{17F}" ? "s" : lowercased($0) }
        switch letters.first {
        case "s", "t", "m", "d": return 2
        case "r" where letters.last == "e", "v" where letters.last == "e": return letters.count + 1
        case "l" where letters == ["l", "l"]: return 3
        default: return nil
        }
    }

    private static func lowercased(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        guard (0x41...0x5A).contains(scalar.value) else { return scalar }
        return Unicode.Scalar(scalar.value + 0x20) ?? scalar
    }

    private static func isLineBreak(_ scalar: Unicode.Scalar) -> Bool { scalar == "\n" || scalar == "\r" }

    /// Where a run of characters ends, and whether that is where the text ends.
    private static func run(
        _ text: ArraySlice<Unicode.Scalar>, from start: Int, while belongs: (Unicode.Scalar) -> Bool
    ) -> (end: Int, reachesEnd: Bool) {
        let end = text[start...].firstIndex { !belongs($0) } ?? text.endIndex
        return (end, end == text.endIndex)
    }
}
