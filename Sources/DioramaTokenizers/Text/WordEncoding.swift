/// What a kind of tokenizer does with the text between added tokens: how it is normalized, where its words end, and
/// which ids a word has.
protocol WordEncoding: Sendable {
    associatedtype Scalars: IteratorProtocol where Scalars.Element == Unicode.Scalar
    associatedtype Scratch

    /// The number of scalars that must stand after a word's first scalar for its kind to be known.
    var lookahead: Int { get }

    /// Working memory that is kept from word to word.
    func makeScratch() -> Scratch

    /// A text as words are looked for in it.
    func normalize(_ text: Substring) -> Scalars

    /// Calls `word` with the range of every word of `text[range]`.
    ///
    /// - Parameters:
    ///   - text: normalized text.
    ///   - range: the part to split.
    ///   - isEnd: whether the text ends with the range. If more is to come, a word that might go on is left.
    ///   - word: returns false to stop.
    /// - Returns: where the words that were found end; nil when `word` stopped.
    func split(
        _ text: [Unicode.Scalar], _ range: Range<Int>, isEnd: Bool, _ word: (Range<Int>) -> Bool
    ) -> Int?

    /// Appends the ids of one word, or of a part of a word that is longer than `WordPlace.wordLimit`.
    func encode(
        _ word: ArraySlice<Unicode.Scalar>, _ place: WordPlace, into ids: inout [Int],
        using scratch: inout Scratch)
}

/// Where a word stands.
struct WordPlace {
    /// A word longer than this number of scalars is encoded in parts of this length.
    static let wordLimit = 1 << 18

    /// Whether nothing stands before it, not even an added token.
    var startsText: Bool
    /// Whether it is the first after an added token or the beginning of the text.
    var startsStretch: Bool
    /// Whether the word ends with it; false for all but the last part of a word that was cut.
    var isWhole: Bool
}
