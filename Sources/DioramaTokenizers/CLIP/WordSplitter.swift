/// Splits normalized text into the words that are encoded one by one.
///
/// They are what this pattern finds from left to right:
///
///     <|startoftext|>|<|endoftext|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+
///
/// The two markers, where they are still in the text (they came in capitals), are split once more into marks, letters
/// and marks by the pattern of the byte-level step, so each gives three words.
struct WordSplitter {
    private static let markers = ["<|startoftext|>", "<|endoftext|>"].map { Array($0.unicodeScalars) }
    private static let contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].map {
        Array($0.unicodeScalars)
    }

    /// The number of scalars that must stand after a word's first scalar for its kind to be known.
    static let lookahead = 15

    /// Calls `word` with the range of every word of `text[range]`.
    ///
    /// - Parameters:
    ///   - text: normalized text.
    ///   - range: the part to split.
    ///   - isEnd: whether the text ends with the range. If more is to come, a word that might go on is left.
    ///   - word: returns false to stop.
    /// - Returns: where the words that were found end; nil when `word` stopped.
    static func split(
        _ text: [Unicode.Scalar], _ range: Range<Int>, isEnd: Bool, _ word: (Range<Int>) -> Bool
    ) -> Int? {
        var start = range.lowerBound
        while start < range.upperBound {
            let rest = text[start..<range.upperBound]
            guard isEnd || rest.count > lookahead else { return start }
            let end: Int
            switch ScalarClass(text[start]) {
            case .space:
                start += 1
                continue
            case .number:
                end = start + 1
            case .letter:
                end = rest.firstIndex { ScalarClass($0) != .letter } ?? range.upperBound
            case .other:
                if let marker = markers.first(where: { rest.starts(with: $0) }) {
                    let letters = start + 2..<start + marker.count - 2
                    guard word(start..<letters.lowerBound), word(letters),
                        word(letters.upperBound..<letters.upperBound + 2)
                    else { return nil }
                    start += marker.count
                    continue
                }
                if let contraction = contractions.first(where: { rest.starts(with: $0) }) {
                    end = start + contraction.count
                } else {
                    end = rest.firstIndex { ScalarClass($0) != .other } ?? range.upperBound
                }
            }
            guard isEnd || end < range.upperBound else { return start }
            guard word(start..<end) else { return nil }
            start = end
        }
        return start
    }
}
