import DioramaJSON

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// The tokenizer of Qwen2, Qwen2.5-VL and Qwen3: text to the ids of byte-pair pieces.
///
/// The ids are those of Hugging Face's tokenizers for the same files. Added tokens are found first, the longest of the
/// leftmost. The text between them is brought to form C and split into words by Qwen2's pattern, and each word is
/// encoded byte by byte. Nothing is added at the beginning or the end.
public struct QwenTokenizer: Sendable {
    /// The id that fills a batch's shorter texts up.
    public let padID: Int
    /// The number of ids, added tokens included: the least size of an embedding table.
    public let vocabularyCount: Int

    private let words: QwenWords
    private let rawTokens: AddedTokenMatcher
    private let normalizedTokens: AddedTokenMatcher
    private let specialIDs: [Piece: Int]

    /// Reads a tokenizer folder: tokenizer.json, else vocab.json and merges.txt; with them, where present,
    /// tokenizer_config.json, special_tokens_map.json and added_tokens.json.
    ///
    /// - Throws: `TokenizerError` with every problem found in the files.
    public init(directory: URL) throws(TokenizerError) {
        self = try TokenizerFolder(directory).loadQwen()
    }

    /// Builds a tokenizer from the bytes of a tokenizer.json.
    ///
    /// - Parameters:
    ///   - tokenizerJSON: the file; its model must be a BPE, its pipeline Qwen2's.
    ///   - configuration: the bytes of tokenizer_config.json, whose list of added tokens goes before the file's.
    /// - Throws: `TokenizerError` with every problem found.
    public init(tokenizerJSON: Data, configuration: Data? = nil) throws(TokenizerError) {
        var issues = IssueList()
        let model = BytePairModel(
            qwenJSON: NamedFile("tokenizer.json", tokenizerJSON), &issues)
        let settings = Self.settings(configuration, nil, &issues)
        try self.init(model, settings, issues)
    }

    /// Builds a tokenizer from the bytes of vocab.json and merges.txt.
    ///
    /// - Parameters:
    ///   - vocabulary: `{"piece": id}`.
    ///   - merges: a pair of pieces a line, the first learned first.
    ///   - configuration: the bytes of tokenizer_config.json, which names the added tokens.
    ///   - addedTokens: the bytes of added_tokens.json, `{"token": id}`; counts if `configuration` has no list.
    /// - Throws: `TokenizerError` with every problem found.
    public init(
        vocabulary: Data, merges: Data, configuration: Data? = nil, addedTokens: Data? = nil
    ) throws(TokenizerError) {
        var issues = IssueList()
        let model = BytePairModel(
            .qwen, vocabulary: NamedFile("vocab.json", vocabulary), merges: NamedFile("merges.txt", merges),
            &issues)
        let settings = Self.settings(configuration, addedTokens, &issues)
        try self.init(model, settings, issues)
    }

    /// Builds a tokenizer from the arrays of a GGUF file.
    ///
    /// - Parameters:
    ///   - tokens: `tokenizer.ggml.tokens`: the pieces in GPT-2's byte alphabet; a piece's id is its place.
    ///   - merges: `tokenizer.ggml.merges`: two pieces each, with a space between them.
    ///   - types: `tokenizer.ggml.token_type`, one for each piece: 3 (control) and 4 (user-defined) are added tokens.
    ///   - padID: `tokenizer.ggml.padding_token_id`; nil for the id of `<|endoftext|>`.
    ///   - preTokenizer: `tokenizer.ggml.pre`; `qwen2` is known.
    ///   - file: what errors call the file.
    /// - Throws: `TokenizerError` with every problem found.
    public init(
        tokens: [String], merges: [String], types: [Int], padID: Int? = nil, preTokenizer: String = "qwen2",
        file: String = "GGUF metadata"
    ) throws(TokenizerError) {
        var issues = IssueList()
        let model = BytePairModel(.qwen, tokens: tokens, merges: merges, file: file, &issues)
        if preTokenizer != "qwen2" {
            issues.add(file, "tokenizer.ggml.pre is \(quoted(preTokenizer)); the known one is \"qwen2\"")
        }
        var settings = CLIPTokenizer.Configuration()
        settings.addedTokens = GGUFTokenType.addedTokens(tokens, types, file, &issues)
        if let padID {
            if tokens.indices.contains(padID) {
                settings.pad = AddedToken(tokens[padID])
            } else {
                issues.add(file, "the padding id is \(padID), ids are 0 to \(tokens.count - 1)")
            }
        } else if !tokens.contains(Self.endOfText) {
            issues.add(file, "names no padding token and has no piece \"\(Self.endOfText)\"")
        }
        try self.init(model, settings, issues)
    }

    private static let endOfText = "<|endoftext|>"

    /// Joins a vocabulary and the tokens with a role; `found` is what is known to be wrong already.
    init(
        _ model: BytePairModel, _ settings: CLIPTokenizer.Configuration, _ found: IssueList
    ) throws(TokenizerError) {
        var issues = found
        var added = AddedTokenTable(
            pieces: model.pieces, file: model.vocabularyFile,
            listed: settings.addedTokens ?? model.addedTokens)
        let pad = settings.pad ?? AddedToken(Self.endOfText)
        if pad.content.isEmpty { issues.add("tokenizer_config.json", "pad_token is empty") }
        let roles = [
            settings.bos, settings.eos, settings.unknown, settings.separator, pad, settings.classifier,
            settings.mask,
        ]
        for token in roles + settings.extraTokens { added.addUnlisted(token) }
        added.checkLimits(&issues)

        let missing = ByteAlphabet.scalars.indices.filter {
            model.pieces[Piece(String(ByteAlphabet.scalars[$0]))] == nil
        }
        if let first = missing.first {
            issues.add(
                model.vocabularyFile,
                "\(missing.count) of the 256 bytes have no piece, the first is byte \(first), "
                    + quoted(String(ByteAlphabet.scalars[first])))
        }
        let encoder = BytePairEncoder(model, unknown: 0) { issues.add(model.mergesFile, $0) }
        try issues.throwIfAny()

        words = QwenWords(encoder: encoder)
        padID = added.id(of: pad.content) ?? 0
        vocabularyCount = added.vocabularyCount
        specialIDs = added.idsByContent
        let matched = added.tokens.filter { !(settings.splitsSpecialTokens && $0.token.special) }
        rawTokens = AddedTokenMatcher(matched.filter { !$0.token.normalized })
        normalizedTokens = AddedTokenMatcher(
            matched.filter(\.token.normalized).map { entry in
                var token = entry.token
                token.content = CanonicalForms.composed(token.content)
                return (token, entry.id)
            })
    }

    /// The ids of a text.
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

    /// The id of an added token, such as `<|im_start|>`; nil if there is no such token.
    public func id(of content: String) -> Int? { specialIDs[Piece(content)] }

    private static func settings(
        _ configuration: Data?, _ addedTokens: Data?, _ issues: inout IssueList
    ) -> CLIPTokenizer.Configuration {
        var reader = ConfigurationReader(lengths: nil)
        if let configuration {
            NamedFile("tokenizer_config.json", configuration).scan(&issues) {
                (scanner) throws(JSON.ParseError) in try reader.read(&scanner)
            }
        }
        if let addedTokens, !reader.listsAddedTokens {
            NamedFile("added_tokens.json", addedTokens).scan(&issues) {
                (scanner) throws(JSON.ParseError) in try reader.readAddedTokens(&scanner)
            }
        }
        return reader.configuration
    }
}

extension BytePairModel {
    /// Reads a tokenizer.json of Qwen's and checks its pipeline.
    init(qwenJSON file: NamedFile, _ issues: inout IssueList) {
        self.init(.qwen, tokenizerJSON: file, &issues) { normalizer, preTokenizer, issues in
            QwenPipeline.check(normalizer, preTokenizer, file.name, &issues)
        }
    }
}
