/// A unigram language model (Kudo, 2018): pieces with log-probabilities, and the most probable way to cut a word.
struct UnigramModel: Sendable {
    /// How much less probable than the rarest piece a character without a piece is.
    private static let unknownPenalty = 10.0

    private let trie: PieceTrie
    private let scores: [Double]
    private let unknownID: Int
    private let unknownScore: Double
    /// The ids of the 256 bytes that unknown characters fall back to; empty if they do not.
    private let byteIDs: [Int]

    /// - Parameters:
    ///   - pieces: text, id and score of the pieces that may be in a word.
    ///   - scores: scores by id.
    ///   - unknownID: the id of characters that are in no piece.
    ///   - byteIDs: the ids of the 256 bytes; empty without byte fallback.
    init(_ pieces: [(text: String, id: Int)], scores: [Double], unknownID: Int, byteIDs: [Int]) {
        trie = PieceTrie(pieces)
        self.scores = scores
        self.unknownID = unknownID
        unknownScore = (pieces.map { scores[$0.id] }.min() ?? 0) - Self.unknownPenalty
        self.byteIDs = byteIDs
    }

    /// Working memory that is kept from word to word.
    struct Scratch {
        /// The word's UTF-8.
        var word: [UInt8] = []
        /// For every byte of the word, the best way to get there: its score, its last piece and where that begins.
        fileprivate var score: [Double] = []
        fileprivate var piece: [Int32] = []
        fileprivate var start: [Int32] = []

        fileprivate mutating func reset() {
            let count = word.count + 1
            for index in 0..<min(count, score.count) {
                (score[index], piece[index], start[index]) = (0, -1, -1)
            }
            guard score.count < count else { return }
            score.append(contentsOf: repeatElement(0, count: count - score.count))
            piece.append(contentsOf: repeatElement(-1, count: count - piece.count))
            start.append(contentsOf: repeatElement(-1, count: count - start.count))
        }

        fileprivate mutating func propose(_ candidate: Double, _ id: Int32, _ from: Int, _ end: Int) {
            guard start[end] < 0 || candidate > score[end] else { return }
            (score[end], piece[end], start[end]) = (candidate, id, Int32(truncatingIfNeeded: from))
        }
    }

    /// Appends the ids of `scratch.word`, in time proportional to its bytes and the longest piece.
    ///
    /// Of equally probable ways the first found counts: starts from left to right, short pieces before long ones.
    /// Characters without a piece that stand side by side become one unknown id.
    func encode(into ids: inout [Int], using scratch: inout Scratch) {
        let count = scratch.word.count
        scratch.reset()
        var place = 0
        while place < count {
            let length = Self.scalarLength(scratch.word[place])
            let score = scratch.score[place]
            var hasCharacter = false
            var node = PieceTrie.root
            var end = place
            while end < count, let next = trie.next(node, scratch.word[end]) {
                node = next
                end += 1
                guard let id = trie.piece(at: node) else { continue }
                scratch.propose(score + scores[Int(id)], id, place, end)
                hasCharacter = hasCharacter || end - place == length
            }
            if !hasCharacter {
                let end = min(place + length, count)
                scratch.propose(score + unknownScore, Int32(unknownID), place, end)
            }
            place += length
        }
        appendPath(into: &ids, scratch)
    }

    private func appendPath(into ids: inout [Int], _ scratch: Scratch) {
        let first = ids.count
        var end = scratch.word.count
        var lastWasUnknown = false
        while end > 0 {
            let start = max(0, Int(scratch.start[end]))
            let id = Int(scratch.piece[end])
            let isUnknown = id == unknownID
            if isUnknown, !byteIDs.isEmpty {
                for byte in scratch.word[start..<end].reversed() { ids.append(byteIDs[Int(byte)]) }
            } else if !isUnknown || !lastWasUnknown {
                ids.append(id)
            }
            lastWasUnknown = isUnknown
            end = start
        }
        ids[first...].reverse()
    }

    private static func scalarLength(_ lead: UInt8) -> Int {
        switch lead {
        case 0..<0xC0: 1
        case 0xC0..<0xE0: 2
        case 0xE0..<0xF0: 3
        default: 4
        }
    }
}

/// The pieces of a vocabulary as a tree of bytes.
struct PieceTrie: Sendable {
    static let root: UInt32 = 0

    private var edges: PairTable<UInt32>
    /// The id of the piece that ends at a node, -1 for none.
    private var ids: [Int32] = [-1]

    /// - Parameter pieces: texts that are not empty, with ids in 0...Int32.max; of equal texts the last counts.
    init(_ pieces: [(text: String, id: Int)]) {
        edges = PairTable(capacity: pieces.reduce(0) { $0 + $1.text.utf8.count }, filler: 0)
        for piece in pieces {
            var node = Self.root
            for byte in piece.text.utf8 {
                if let next = edges[node, UInt32(byte)] {
                    node = next
                } else {
                    let next = UInt32(ids.count)
                    edges.set(node, UInt32(byte), next)
                    ids.append(-1)
                    node = next
                }
            }
            if node != Self.root { ids[Int(node)] = Int32(piece.id) }
        }
    }

    func next(_ node: UInt32, _ byte: UInt8) -> UInt32? { edges[node, UInt32(byte)] }

    func piece(at node: UInt32) -> Int32? {
        let id = ids[Int(node)]
        return id < 0 ? nil : id
    }
}
