/// What a Unigram tokenizer does between added tokens.
struct UnigramWords: WordEncoding {
    /// When the mark of a space is put before a text.
    struct Prefix: Sendable {
        enum Place: Sendable { case nowhere, textStart, everyStretch }

        var place = Place.everyStretch
        /// Whether it is put there even if the text begins with the mark or a space.
        var doubles = false
    }

    let model: UnigramModel
    let normalizer: UnigramNormalizer
    let prefix: Prefix
    /// What stands for a space, U+2581; a space itself where spaces are not escaped.
    let mark: Unicode.Scalar
    /// Whether words end before a mark; else the text between added tokens is one word.
    let splitsAtMarks: Bool

    var lookahead: Int { 0 }

    func makeScratch() -> UnigramModel.Scratch { UnigramModel.Scratch() }

    func normalize(_ text: Substring) -> UnigramNormalizer.NormalizedText { normalizer(text) }

    func split(
        _ text: [Unicode.Scalar], _ range: Range<Int>, isEnd: Bool, _ word: (Range<Int>) -> Bool
    ) -> Int? {
        var start = range.lowerBound
        while start < range.upperBound {
            let rest = text[(start + 1)..<range.upperBound]
            let next = splitsAtMarks ? rest.firstIndex(where: isMark) : nil
            guard let end = next ?? (isEnd ? range.upperBound : nil) else { return start }
            guard word(start..<end) else { return nil }
            start = end
        }
        return start
    }

    private func isMark(_ scalar: Unicode.Scalar) -> Bool { scalar == mark || scalar == " " }

    func encode(
        _ word: ArraySlice<Unicode.Scalar>, _ place: WordPlace, into ids: inout [Int],
        using scratch: inout UnigramModel.Scratch
    ) {
        guard let first = word.first else { return }
        scratch.word.removeAll(keepingCapacity: true)
        let asksForPrefix =
            switch prefix.place {
            case .nowhere: false
            case .textStart: place.startsText
            case .everyStretch: place.startsStretch
            }
        if asksForPrefix, prefix.doubles || !isMark(first) { scratch.word.append(contentsOf: mark.utf8) }
        for scalar in word { scratch.word.append(contentsOf: (scalar == " " ? mark : scalar).utf8) }
        model.encode(into: &ids, using: &scratch)
    }
}
