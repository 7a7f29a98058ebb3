import DioramaJSON

/// The ids of the added tokens, given out in transformers' order.
///
/// A token that is a piece of the vocabulary has the piece's id, whatever id its file gives; another gets the next
/// free one. Of tokens with equal contents the flags of the last count, but the listed tokens go before all.
struct AddedTokenTable {
    /// The most added tokens that are accepted.
    static let countLimit = 65_536
    /// The longest added token that is accepted, in characters.
    static let lengthLimit = 1024

    private let pieces: [Piece: Int]
    private let file: String
    private let listed: Set<Piece>
    private var ordered: [AddedToken] = []
    private var places: [Piece: Int] = [:]
    private var ids: [Piece: Int] = [:]
    private var greatestID = -1

    /// - Parameters:
    ///   - pieces: the vocabulary.
    ///   - file: the file of the vocabulary, for issues.
    ///   - list: the tokens that are added first.
    init(pieces: [Piece: Int], file: String, listed list: [AddedToken]) {
        self.pieces = pieces
        self.file = file
        listed = Set(list.map { Piece($0.content) })
        for token in list { add(token) }
    }

    /// Every added token with its id.
    var tokens: [(token: AddedToken, id: Int)] {
        ordered.compactMap { token in ids[Piece(token.content)].map { (token, $0) } }
    }

    /// The ids by content.
    var idsByContent: [Piece: Int] { ids }

    /// One more than the greatest id.
    var vocabularyCount: Int { max(greatestID, pieces.values.max() ?? -1) + 1 }

    /// The id of an added token.
    func id(of content: String) -> Int? { ids[Piece(content)] }

    /// Whether a content is a listed token or a piece.
    func isListedOrPiece(_ content: String) -> Bool {
        listed.contains(Piece(content)) || pieces[Piece(content)] != nil
    }

    /// Adds a token unless its content is listed.
    mutating func addUnlisted(_ token: AddedToken?) {
        guard let token, !listed.contains(Piece(token.content)) else { return }
        add(token)
    }

    private mutating func add(_ token: AddedToken) {
        guard !token.content.isEmpty else { return }
        let piece = Piece(token.content)
        if let place = places[piece] {
            ordered[place] = token
            return
        }
        places[piece] = ordered.count
        ordered.append(token)
        let id = pieces[piece] ?? max(greatestID + 1, pieces.count)
        ids[piece] = id
        greatestID = max(greatestID, id)
    }

    /// Adds an issue for more tokens or longer ones than are accepted.
    func checkLimits(_ issues: inout IssueList) {
        if ordered.count > Self.countLimit {
            issues.add(file, "\(ordered.count) added tokens, at most \(Self.countLimit) are accepted")
        }
        for token in ordered where token.content.unicodeScalars.count > Self.lengthLimit {
            issues.add(
                file,
                "the added token \(quoted(token.content)) is longer than \(Self.lengthLimit) characters")
        }
    }
}
