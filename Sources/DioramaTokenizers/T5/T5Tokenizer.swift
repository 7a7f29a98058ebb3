#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// T5's tokenizer: text to the ids of Unigram pieces, as SentencePiece and Hugging Face's tokenizers give them.
///
/// Added tokens (`</s>`, `<pad>`, `<unk>`, `<extra_id_N>`) are found first. The text between them is normalized by the
/// file's table and rules, spaces become U+2581, and the most probable way to cut it into pieces is taken. A
/// tokenizer.json counts with its own pipeline, as in the tokenizers library; transformers 5 puts its own in the place
/// of it, which differs in the text right behind an added token. A spiece.model and GGUF arrays are read by
/// SentencePiece's rules, each stretch between added tokens as a text of its own.
public struct T5Tokenizer: Sendable {
    /// The number of tokens `<extra_id_N>` that T5 adds to a spiece.model: 100.
    public static let extraIDs = 100

    /// The id that fills a batch's shorter texts up, `<pad>`.
    public let padID: Int
    /// The id after every text, `</s>`.
    public let endID: Int
    /// The id of characters that are in no piece, `<unk>`.
    public let unknownID: Int
    /// The number of ids, added tokens included: the least size of an embedding table.
    public let vocabularyCount: Int

    private let words: UnigramWords
    private let rawTokens: AddedTokenMatcher
    private let normalizedTokens: AddedTokenMatcher
    private let ids: [Piece: Int]

    /// Reads a tokenizer folder: tokenizer.json, else spiece.model.
    ///
    /// - Throws: `TokenizerError` with every problem found in the file.
    public init(directory: URL) throws(TokenizerError) {
        self = try TokenizerFolder(directory).loadT5()
    }

    /// Builds a tokenizer from the bytes of a tokenizer.json whose model is a Unigram.
    ///
    /// - Throws: `TokenizerError` with every problem found.
    public init(tokenizerJSON: Data) throws(TokenizerError) {
        var issues = IssueList()
        let file = NamedFile("tokenizer.json", tokenizerJSON)
        try self.init(UnigramVocabulary(tokenizerJSON: file, &issues), issues)
    }

    /// Builds a tokenizer from a SentencePiece model, a protobuf; some weight files carry one as a tensor.
    ///
    /// - Parameters:
    ///   - sentencePiece: the bytes.
    ///   - extraIDs: the number of tokens `<extra_id_N>` to add behind the pieces, the highest N first.
    ///   - file: what errors call the bytes.
    /// - Throws: `TokenizerError` with every problem found.
    public init(
        sentencePiece: some Sequence<UInt8>, extraIDs: Int = T5Tokenizer.extraIDs,
        file: String = "spiece.model"
    ) throws(TokenizerError) {
        var issues = IssueList()
        let vocabulary = UnigramVocabulary(
            sentencePiece: NamedFile(file, sentencePiece), extraIDs: extraIDs, &issues)
        try self.init(vocabulary, issues)
    }

    /// Builds a tokenizer from the arrays of a GGUF file.
    ///
    /// - Parameters:
    ///   - tokens: `tokenizer.ggml.tokens`; a piece's id is its place.
    ///   - scores: `tokenizer.ggml.scores`: the logarithms of the pieces' probabilities.
    ///   - types: `tokenizer.ggml.token_type`: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte.
    ///   - charsmap: `tokenizer.ggml.precompiled_charsmap`; may be empty.
    ///   - addsPrefix: `tokenizer.ggml.add_space_prefix`.
    ///   - dropsSpaces: `tokenizer.ggml.remove_extra_whitespaces`.
    ///   - unknownID: `tokenizer.ggml.unknown_token_id`; nil for the piece of the type unknown.
    ///   - endID: `tokenizer.ggml.eos_token_id`; nil for the id of `</s>`.
    ///   - padID: `tokenizer.ggml.padding_token_id`; nil for the id of `<pad>`.
    ///   - file: what errors call the file.
    /// - Throws: `TokenizerError` with every problem found.
    public init(
        tokens: [String], scores: [Float], types: [Int], charsmap: [UInt8], addsPrefix: Bool = true,
        dropsSpaces: Bool = true, unknownID: Int? = nil, endID: Int? = nil, padID: Int? = nil,
        file: String = "GGUF metadata"
    ) throws(TokenizerError) {
        var issues = IssueList()
        var vocabulary = UnigramVocabulary(
            tokens: tokens, scores: scores, types: types, charsmap: charsmap, file: file, &issues)
        vocabulary.takeSpaces(addsPrefix: addsPrefix, dropsSpaces: dropsSpaces)
        vocabulary.unknownID = unknownID ?? vocabulary.unknownID
        vocabulary.endID = endID
        vocabulary.padID = padID
        try self.init(vocabulary, issues)
    }

    /// Builds a tokenizer from what a file gave; `found` is what is known to be wrong already.
    init(_ vocabulary: UnigramVocabulary, _ found: IssueList) throws(TokenizerError) {
        var issues = found
        try issues.throwIfAny()
        let file = vocabulary.file
        let pieces = PieceIDs.byPlace(vocabulary.entries.map(\.text), file, &issues)
        var added = AddedTokenTable(pieces: pieces, file: file, listed: [])
        for token in vocabulary.addedTokens { added.addUnlisted(token) }
        added.checkLimits(&issues)
        func role(_ id: Int?, _ content: String, _ name: String) -> Int {
            if let id {
                if vocabulary.entries.indices.contains(id) { return id }
                issues.add(
                    file, "the id of the \(name) is \(id), ids are 0 to \(vocabulary.entries.count - 1)")
            } else if let id = added.id(of: content) ?? pieces[Piece(content)] {
                return id
            } else {
                issues.add(file, "has no piece \"\(content)\", T5's \(name)")
            }
            return 0
        }
        endID = role(vocabulary.endID, "</s>", "end token")
        padID = role(vocabulary.padID, "<pad>", "padding token")
        let words = vocabulary.words(&issues)
        try issues.throwIfAny()
        guard let words, let unknown = vocabulary.unknownID else {
            throw TokenizerError(file, "has no pieces")
        }

        self.words = words
        unknownID = unknown
        vocabularyCount = added.vocabularyCount
        ids = added.idsByContent
        rawTokens = AddedTokenMatcher(added.tokens.filter { !$0.token.normalized })
        normalizedTokens = AddedTokenMatcher(
            added.tokens.filter(\.token.normalized).map { entry in
                var token = entry.token
                var scalars = words.normalize(token.content[...])
                var content = String.UnicodeScalarView()
                while let scalar = scalars.next() { content.append(scalar) }
                token.content = String(content)
                return (token, entry.id)
            })
    }

    /// The ids of a text without the end token.
    ///
    /// - Parameters:
    ///   - text: any text; added tokens in it become their ids.
    ///   - limit: the most ids; the text is read no further. Nil for all of them.
    /// - Returns: the ids, without padding.
    public func tokens(_ text: String, limit: Int? = nil) -> [Int] {
        var reader = TokenReader(words, rawTokens, normalizedTokens)
        return reader.firstIDs(of: text, limit: limit)
    }

    /// The ids of text in bytes that should be UTF-8; those that are not become U+FFFD.
    public func tokens(_ utf8: [UInt8]) -> [Int] { tokens(String(decoding: utf8, as: UTF8.self)) }

    /// The ids of a text and the end token.
    ///
    /// - Parameters:
    ///   - text: any text.
    ///   - limit: the most ids, the end token included; at least 1. Nil for all of them.
    /// - Returns: the ids, without padding.
    public func encode(_ text: String, limit: Int? = nil) -> [Int] {
        tokens(text, limit: limit.map { max(0, $0 - 1) }) + [endID]
    }

    /// The id of an added token, such as `<extra_id_0>`; nil if there is no such token.
    public func id(of content: String) -> Int? { ids[Piece(content)] }
}
