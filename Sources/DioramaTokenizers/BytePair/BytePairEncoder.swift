import DioramaJSON

/// Byte-pair encoding over bytes: pieces, ranked merges and the encoding of one word.
struct BytePairEncoder: Sendable {
    private var merges: PairTable<Merge>
    /// The ids of the 256 bytes inside a word, and as a word's last byte.
    private let inner: [UInt32]
    private let last: [UInt32]
    /// The ids of words that are pieces as they are; empty unless such words go before the merges.
    private let wholes: [Piece: Int]

    /// - Parameters:
    ///   - model: pieces with ids in 0...Int32.max; of equal merges the last counts.
    ///   - unknown: the id of a byte that has no piece.
    ///   - issue: gets a sentence for every merge whose parts or whole are no pieces.
    init(_ model: BytePairModel, unknown: Int, _ issue: (String) -> Void) {
        let (pieces, merges) = (model.pieces, model.merges)
        func id(_ piece: String) -> UInt32 { UInt32(pieces[Piece(piece)] ?? unknown) }
        inner = ByteAlphabet.scalars.map { id(String($0)) }
        last = ByteAlphabet.scalars.map { id(String($0) + model.kind.endOfWord) }
        wholes = model.ignoresMerges ? pieces : [:]
        self.merges = PairTable(capacity: merges.count, filler: Merge(rank: 0, id: 0))
        for (rank, (left, right)) in merges.enumerated() {
            guard let leftID = pieces[Piece(left)], let rightID = pieces[Piece(right)],
                let whole = pieces[Piece(left + right)]
            else {
                let missing = [left, right, left + right].filter { pieces[Piece($0)] == nil }
                let names = missing.map(quoted).joined(separator: ", ")
                issue(
                    "merge \(rank + 1), \(quoted("\(left) \(right)")), needs pieces that the vocabulary lacks: \(names)"
                )
                continue
            }
            self.merges.set(UInt32(leftID), UInt32(rightID), .init(rank: UInt32(rank), id: UInt32(whole)))
        }
    }

    /// Appends the ids of one word, in time n log n and memory n of its bytes.
    ///
    /// - Parameters:
    ///   - word: the word's characters.
    ///   - endsWord: whether its last byte ends the word; false for all but the last part of a word that was cut.
    ///   - ids: gets the ids.
    ///   - scratch: working memory, any.
    func encode(
        _ word: ArraySlice<Unicode.Scalar>, endsWord: Bool, into ids: inout [Int],
        using scratch: inout Scratch
    ) {
        guard !word.isEmpty else { return }
        if let whole = whole(word) { return ids.append(whole) }
        scratch.ids.removeAll(keepingCapacity: true)
        var final: UInt8 = 0
        for scalar in word {
            for byte in scalar.utf8 {
                scratch.ids.append(inner[Int(byte)])
                final = byte
            }
        }
        if endsWord { scratch.ids[scratch.ids.count - 1] = last[Int(final)] }
        mergeAll(&scratch)
        for id in scratch.ids where id != Scratch.gone { ids.append(Int(id)) }
    }

    /// The id of a word that is a piece as it is, if such words go before the merges.
    private func whole(_ word: ArraySlice<Unicode.Scalar>) -> Int? {
        guard !wholes.isEmpty, word.count <= BytePairModel.wholeLimit else { return nil }
        var spelling = String.UnicodeScalarView()
        for scalar in word { for byte in scalar.utf8 { spelling.append(ByteAlphabet.scalars[Int(byte)]) } }
        return wholes[Piece(String(spelling))]
    }

    /// Working memory that is kept from word to word.
    struct Scratch {
        /// Marks a piece that has become part of the one before it.
        fileprivate static let gone = UInt32.max

        fileprivate var ids: [UInt32] = []
        fileprivate var next: [Int] = []
        fileprivate var previous: [Int] = []
        fileprivate var queue = MergeQueue()

        /// Links `count` pieces in a row.
        fileprivate mutating func link(_ count: Int) {
            next.removeAll(keepingCapacity: true)
            next.append(contentsOf: 1...count)
            previous.removeAll(keepingCapacity: true)
            previous.append(contentsOf: -1..<count - 1)
        }
    }

    /// Applies merges until none is left: the lowest rank first, of equal ranks the leftmost.
    ///
    /// A queued merge is still valid if the pair at its place gives the same piece, even if it is another pair: that is
    /// how Hugging Face's tokenizers decides.
    private func mergeAll(_ word: inout Scratch) {
        let count = word.ids.count
        word.link(count)
        for place in 0..<count - 1 { propose(place, place + 1, in: &word) }
        while let candidate = word.queue.popFirst() {
            let place = candidate.place
            let right = word.next[place]
            guard word.ids[place] != Scratch.gone, right < count,
                merges[word.ids[place], word.ids[right]]?.id == candidate.merge.id
            else { continue }
            word.ids[place] = candidate.merge.id
            word.ids[right] = Scratch.gone
            let after = word.next[right]
            word.next[place] = after
            if after < count {
                word.previous[after] = place
                propose(place, after, in: &word)
            }
            if word.previous[place] >= 0 { propose(word.previous[place], place, in: &word) }
        }
    }

    private func propose(_ left: Int, _ right: Int, in word: inout Scratch) {
        guard let merge = merges[word.ids[left], word.ids[right]] else { return }
        word.queue.insert(MergeQueue.Candidate(merge: merge, place: left))
    }
}

/// GPT-2's alphabet: every byte as one visible character.
///
/// Printable characters of Latin-1 stand for themselves, the other 68 bytes for U+0100 and up, in order.
enum ByteAlphabet {
    static let scalars: [Unicode.Scalar] = {
        var next: UInt32 = 0x100
        return (0...UInt8.max).map { byte in
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: return Unicode.Scalar(byte)
            default:
                defer { next += 1 }
                return Unicode.Scalar(next) ?? "\u{FFFD}"
            }
        }
    }()
}
