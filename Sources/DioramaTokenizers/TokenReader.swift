/// Reads a text from left to right and hands out its ids word by word, in bounded memory.
struct TokenReader {
    private let encoder: BytePairEncoder
    private let rawTokens: AddedTokenMatcher
    private let normalizedTokens: AddedTokenMatcher

    /// Normalized scalars that are not encoded yet.
    private var buffer: [Unicode.Scalar] = []
    /// The number of normalized scalars before the buffer.
    private var scalarsEncoded = 0
    private var scratch = BytePairEncoder.Scratch()
    private var word: [UInt8] = []
    private var ids: [Int] = []

    /// - Parameters:
    ///   - encoder: encodes the words.
    ///   - rawTokens: the added tokens to look for in the text as it is.
    ///   - normalizedTokens: those to look for in normalized text.
    init(_ encoder: BytePairEncoder, _ rawTokens: AddedTokenMatcher, _ normalizedTokens: AddedTokenMatcher) {
        self.encoder = encoder
        self.rawTokens = rawTokens
        self.normalizedTokens = normalizedTokens
    }

    /// Reads the text until it ends or `emit` returns false.
    ///
    /// - Parameters:
    ///   - text: any text.
    ///   - emit: gets the ids of a word or an added token, and where in the normalized text it ends.
    mutating func read(_ text: String, _ emit: ([Int], Int) -> Bool) {
        let scalars = text.unicodeScalars
        var start = scalars.startIndex
        while true {
            let match = rawTokens.firstMatch(in: scalars, from: start)
            guard readBetweenTokens(scalars[start..<(match?.range.lowerBound ?? scalars.endIndex)], emit)
            else { return }
            guard let match else { return }
            guard emit([match.id], scalarsEncoded) else { return }
            start = match.range.upperBound
        }
    }

    /// - Returns: false if `emit` did.
    private mutating func readBetweenTokens(
        _ text: Substring.UnicodeScalarView, _ emit: ([Int], Int) -> Bool
    ) -> Bool {
        var scalars = NormalizedScalars(text.makeIterator())
        buffer.removeAll(keepingCapacity: true)
        // So large that a word which fills it is longer than the limit.
        let capacity = CLIPTokenizer.wordLimit + 1 + normalizedTokens.longest + WordSplitter.lookahead
        var isEnd = false
        while !isEnd {
            while buffer.count < capacity, let scalar = scalars.next() { buffer.append(scalar) }
            isEnd = buffer.count < capacity
            guard let used = encodeBuffer(isEnd: isEnd, emit) else { return false }
            guard used > 0 || isEnd else {
                // One word fills the buffer: encode this part of it.
                guard encode(0..<CLIPTokenizer.wordLimit, endsWord: false, emit) else { return false }
                drop(CLIPTokenizer.wordLimit)
                continue
            }
            drop(used)
        }
        return true
    }

    private mutating func drop(_ count: Int) {
        buffer.removeFirst(count)
        scalarsEncoded += count
    }

    /// - Returns: how much of the buffer was used up; nil if `emit` returned false.
    private mutating func encodeBuffer(isEnd: Bool, _ emit: ([Int], Int) -> Bool) -> Int? {
        let text = buffer
        var start = 0
        while let match = normalizedTokens.firstMatch(in: text, from: start) {
            // A match this near to the end of the buffer might go on in what is not read yet.
            guard isEnd || match.range.upperBound + normalizedTokens.longest < text.count else { break }
            guard encodeWords(text, start..<match.range.lowerBound, isEnd: true, emit) != nil else {
                return nil
            }
            guard emit([match.id], scalarsEncoded + match.range.upperBound) else { return nil }
            start = match.range.upperBound
        }
        let end = isEnd ? text.count : max(start, text.count - normalizedTokens.longest)
        return encodeWords(text, start..<end, isEnd: isEnd, emit)
    }

    private mutating func encodeWords(
        _ text: [Unicode.Scalar], _ range: Range<Int>, isEnd: Bool, _ emit: ([Int], Int) -> Bool
    ) -> Int? {
        WordSplitter.split(text, range, isEnd: isEnd) { encode($0, endsWord: true, emit) }
    }

    private mutating func encode(_ range: Range<Int>, endsWord: Bool, _ emit: ([Int], Int) -> Bool) -> Bool {
        word.removeAll(keepingCapacity: true)
        for scalar in buffer[range] { word.append(contentsOf: scalar.utf8) }
        ids.removeAll(keepingCapacity: true)
        encoder.encode(word, endsWord: endsWord, into: &ids, using: &scratch)
        return emit(ids, scalarsEncoded + range.upperBound)
    }
}
