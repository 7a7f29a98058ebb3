import DioramaJSON

/// The ids of the added tokens and of the tokens with a role, given out in transformers' order.
///
/// A token that is a piece of the vocabulary has the piece's id, whatever id its file gives; another gets the next
/// free one. Of tokens with equal contents the flags of the last count, but the listed tokens go before all.
struct AddedTokenTable {
    /// The most added tokens that are accepted.
    static let countLimit = 65_536
    /// The longest added token that is accepted, in characters.
    static let lengthLimit = 1024

    private(set) var bosID = 0
    private(set) var eosID = 0
    private(set) var unknownID = 0
    private(set) var padID = 0

    private let model: BytePairModel
    private let listed: Set<Piece>
    private var ordered: [AddedToken] = []
    private var places: [Piece: Int] = [:]
    private var ids: [Piece: Int] = [:]
    private var greatestID = -1

    init(_ model: BytePairModel, _ configuration: CLIPTokenizer.Configuration, _ issues: inout IssueList) {
        let list = configuration.addedTokens ?? model.addedTokens
        self.model = model
        listed = Set(list.map { Piece($0.content) })
        for token in list { add(token) }
        bosID = addRole("bos_token", configuration.bos, "<|startoftext|>", &issues)
        eosID = addRole("eos_token", configuration.eos, "<|endoftext|>", &issues)
        unknownID = addRole("unk_token", configuration.unknown, "<|endoftext|>", &issues)
        addUnlisted(configuration.separator)
        padID = addRole("pad_token", configuration.pad, "<|endoftext|>", &issues)
        for token in [configuration.classifier, configuration.mask] + configuration.extraTokens {
            addUnlisted(token)
        }
        checkLimits(&issues)
    }

    /// Every added token with its id.
    var tokens: [(token: AddedToken, id: Int)] {
        ordered.compactMap { token in ids[Piece(token.content)].map { (token, $0) } }
    }

    /// One more than the greatest id.
    var vocabularyCount: Int { max(greatestID, model.pieces.values.max() ?? -1) + 1 }

    private mutating func add(_ token: AddedToken) {
        guard !token.content.isEmpty else { return }
        let piece = Piece(token.content)
        if let place = places[piece] {
            ordered[place] = token
            return
        }
        places[piece] = ordered.count
        ordered.append(token)
        let id = model.pieces[piece] ?? max(greatestID + 1, model.pieces.count)
        ids[piece] = id
        greatestID = max(greatestID, id)
    }

    private mutating func addUnlisted(_ token: AddedToken?) {
        guard let token, !listed.contains(Piece(token.content)) else { return }
        add(token)
    }

    /// Adds a token with a role; one that no file names must be a piece.
    private mutating func addRole(
        _ role: String, _ named: AddedToken?, _ standard: String, _ issues: inout IssueList
    ) -> Int {
        let token = named ?? AddedToken(standard)
        let piece = Piece(token.content)
        if token.content.isEmpty { issues.add("tokenizer_config.json", "\(role) is empty") }
        if named == nil, !listed.contains(piece), model.pieces[piece] == nil {
            issues.add(
                model.vocabularyFile,
                "has no piece \"\(standard)\", CLIP's \(role), and tokenizer_config.json names no other")
        }
        addUnlisted(token)
        return ids[piece] ?? 0
    }

    private func checkLimits(_ issues: inout IssueList) {
        if ordered.count > Self.countLimit {
            issues.add(
                model.vocabularyFile, "\(ordered.count) added tokens, at most \(Self.countLimit) are accepted"
            )
        }
        for token in ordered where token.content.unicodeScalars.count > Self.lengthLimit {
            issues.add(
                model.vocabularyFile,
                "the added token \(quoted(token.content)) is longer than \(Self.lengthLimit) characters"
            )
        }
    }
}
