extension CLIPTokenizer {
    /// What tokenizer_config.json and special_tokens_map.json say; the defaults are CLIP's.
    public struct Configuration: Hashable, Sendable {
        /// An end of a sequence.
        public enum Side: String, Hashable, Sendable {
            /// The beginning.
            case left
            /// The end.
            case right
        }

        /// The length when no file says one: 77.
        public static let defaultMaxLength = 77
        /// The greatest length a file may ask for.
        public static let greatestMaxLength = 65_536

        /// The token before every text; nil for `<|startoftext|>`.
        public var bos: AddedToken?
        /// The token after every text; nil for `<|endoftext|>`.
        public var eos: AddedToken?
        /// The token of a byte that has no piece; nil for `<|endoftext|>`.
        public var unknown: AddedToken?
        /// The token that fills an encoding up; nil for `<|endoftext|>`. It is found in the text like the others.
        public var pad: AddedToken?
        /// Tokens besides these, in the order of their ids; nil for those of tokenizer.json.
        public var addedTokens: [AddedToken]?
        /// Special tokens that are added last.
        public var extraTokens: [AddedToken] = []
        /// The length of an encoding, 2...65,536; nil for 77.
        public var maxLength: Int?
        /// Where padding goes; nil for what tokenizer.json says, else the right.
        public var paddingSide: Side?
        /// Where a text is cut; nil for what tokenizer.json says, else the right.
        public var truncationSide: Side?
        /// Whether special tokens in the text are read as ordinary text.
        public var splitsSpecialTokens = false

        /// CLIP's defaults.
        public init() {}
    }
}

/// The ids of the added tokens and of the tokens with a role.
struct AddedTokenTable {
    let tokens: [(token: AddedToken, id: Int)]
    let bosID, eosID, unknownID, padID: Int
    let vocabularyCount: Int

    /// The most added tokens and the longest one, in characters, that are accepted.
    static let countLimit = 65_536
    static let lengthLimit = 1024

    init(_ model: BytePairModel, _ configuration: CLIPTokenizer.Configuration, _ issues: inout IssueList) {
        let listed = configuration.addedTokens ?? model.addedTokens
        var ids: [Piece: Int] = [:]
        var ordered: [AddedToken] = []
        var indices: [Piece: Int] = [:]
        var greatest = -1

        func add(_ token: AddedToken) {
            let piece = Piece(token.content)
            if let index = indices[piece] {
                ordered[index] = token
                return
            }
            indices[piece] = ordered.count
            ordered.append(token)
            let id = model.pieces[piece] ?? max(greatest + 1, model.pieces.count)
            ids[piece] = id
            greatest = max(greatest, id)
        }

        for token in listed where !token.content.isEmpty { add(token) }
        let flags = Dictionary(listed.map { (Piece($0.content), $0) }) { $1 }
        func role(_ name: String, _ token: AddedToken?, default content: String) -> Piece {
            if token == nil, flags[Piece(content)] == nil, model.pieces[Piece(content)] == nil {
                issues.add(
                    model.vocabularyFile,
                    "has no piece \"\(content)\", CLIP's \(name) token, and tokenizer_config.json names no other"
                )
            }
            if let token, token.content.isEmpty {
                issues.add("tokenizer_config.json", "\(name)_token is empty")
            }
            let token = token ?? AddedToken(content)
            if flags[Piece(token.content)] == nil { add(token) }
            return Piece(token.content)
        }
        let bos = role("bos", configuration.bos, default: Self.start)
        let eos = role("eos", configuration.eos, default: Self.end)
        let unknown = role("unk", configuration.unknown, default: Self.end)
        let pad = role("pad", configuration.pad, default: Self.end)
        for token in configuration.extraTokens
        where !token.content.isEmpty && flags[Piece(token.content)] == nil {
            add(token)
        }
        if ordered.count > Self.countLimit {
            issues.add(
                model.vocabularyFile, "\(ordered.count) added tokens, at most \(Self.countLimit) are accepted"
            )
        }
        for token in ordered where token.content.unicodeScalars.count > Self.lengthLimit {
            issues.add(
                model.vocabularyFile,
                "the added token \"\(token.content.prefix(40))...\" is longer than \(Self.lengthLimit) characters"
            )
        }

        tokens = ordered.compactMap { token in ids[Piece(token.content)].map { (token, $0) } }
        bosID = ids[bos] ?? 0
        eosID = ids[eos] ?? 0
        unknownID = ids[unknown] ?? 0
        padID = ids[pad] ?? 0
        vocabularyCount = max(greatest, model.pieces.values.max() ?? -1) + 1
    }

    private static let start = "<|startoftext|>"
    private static let end = "<|endoftext|>"
}
