/// Reads a text from left to right and hands out its ids word by word, in bounded memory.
struct TokenReader<Words: WordEncoding> {
    private let words: Words
    private let rawTokens: AddedTokenMatcher
    private let normalizedTokens: AddedTokenMatcher

    /// Normalized scalars that are not encoded yet.
    private var buffer: [Unicode.Scalar] = []
    /// The number of normalized scalars before the buffer.
    private var scalarsEncoded = 0
    private var startsText = true
    private var startsStretch = true
    private var scratch: Words.Scratch
    private var ids: [Int] = []

    /// - Parameters:
    ///   - words: finds and encodes the words.
    ///   - rawTokens: the added tokens to look for in the text as it is.
    ///   - normalizedTokens: those to look for in normalized text.
    init(_ words: Words, _ rawTokens: AddedTokenMatcher, _ normalizedTokens: AddedTokenMatcher) {
        self.words = words
        self.rawTokens = rawTokens
        self.normalizedTokens = normalizedTokens
        scratch = words.makeScratch()
    }

    /// The first ids of a text.
    ///
    /// - Parameters:
    ///   - text: any text.
    ///   - limit: the most ids; reading stops there. Nil for all.
    /// - Returns: the ids.
    mutating func firstIDs(of text: String, limit: Int?) -> [Int] {
        let limit = max(0, limit ?? .max)
        var all: [Int] = []
        guard limit > 0 else { return all }
        read(text) { new, _ in
            all.append(contentsOf: new.prefix(limit - all.count))
            return all.count < limit
        }
        return all
    }

    /// Reads the text until it ends or `emit` returns false.
    ///
    /// - Parameters:
    ///   - text: any text.
    ///   - emit: gets the ids of a word or an added token, and where in the normalized text it ends.
    mutating func read(_ text: String, _ emit: ([Int], Int) -> Bool) {
        let scalars = text.unicodeScalars
        var start = scalars.startIndex
        startsText = true
        while true {
            let match = rawTokens.firstMatch(in: scalars, from: start)
            let end = match?.range.lowerBound ?? scalars.endIndex
            guard readBetweenTokens(text[start..<end], emit) else { return }
            guard let match else { return }
            guard emit([match.id], scalarsEncoded) else { return }
            start = match.range.upperBound
            startsText = false
        }
    }

    /// - Returns: false if `emit` did.
    private mutating func readBetweenTokens(_ text: Substring, _ emit: ([Int], Int) -> Bool) -> Bool {
        var scalars = words.normalize(text)
        buffer.removeAll(keepingCapacity: true)
        startsStretch = true
        // So large that a word which fills it is longer than the limit.
        let capacity = WordPlace.wordLimit + 1 + normalizedTokens.longest + words.lookahead
        var isEnd = false
        while !isEnd {
            while buffer.count < capacity, let scalar = scalars.next() { buffer.append(scalar) }
            isEnd = buffer.count < capacity
            guard let used = encodeBuffer(isEnd: isEnd, emit) else { return false }
            guard used > 0 || isEnd else {
                // One word fills the buffer: encode this part of it.
                guard encode(0..<WordPlace.wordLimit, isWhole: false, emit) else { return false }
                drop(WordPlace.wordLimit)
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
            (startsText, startsStretch) = (false, true)
        }
        let end = isEnd ? text.count : max(start, text.count - normalizedTokens.longest)
        return encodeWords(text, start..<end, isEnd: isEnd, emit)
    }

    private mutating func encodeWords(
        _ text: [Unicode.Scalar], _ range: Range<Int>, isEnd: Bool, _ emit: ([Int], Int) -> Bool
    ) -> Int? {
        words.split(text, range, isEnd: isEnd) { encode($0, isWhole: true, emit) }
    }

    private mutating func encode(_ range: Range<Int>, isWhole: Bool, _ emit: ([Int], Int) -> Bool) -> Bool {
        let place = WordPlace(startsText: startsText, startsStretch: startsStretch, isWhole: isWhole)
        (startsText, startsStretch) = (false, false)
        ids.removeAll(keepingCapacity: true)
        words.encode(buffer[range], place, into: &ids, using: &scratch)
        return emit(ids, scalarsEncoded + range.upperBound)
    }
}
