/// What CLIP's tokenizer does between added tokens.
struct CLIPWords: WordEncoding {
    let encoder: BytePairEncoder

    var lookahead: Int { WordSplitter.lookahead }

    func makeScratch() -> BytePairEncoder.Scratch { BytePairEncoder.Scratch() }

    func normalize(_ text: Substring) -> NormalizedScalars<Substring.UnicodeScalarView.Iterator> {
        NormalizedScalars(text.unicodeScalars.makeIterator())
    }

    func split(
        _ text: [Unicode.Scalar], _ range: Range<Int>, isEnd: Bool, _ word: (Range<Int>) -> Bool
    ) -> Int? {
        WordSplitter.split(text, range, isEnd: isEnd, word)
    }

    func encode(
        _ word: ArraySlice<Unicode.Scalar>, _ place: WordPlace, into ids: inout [Int],
        using scratch: inout BytePairEncoder.Scratch
    ) {
        encoder.encode(word, endsWord: place.isWhole, into: &ids, using: &scratch)
    }
}
