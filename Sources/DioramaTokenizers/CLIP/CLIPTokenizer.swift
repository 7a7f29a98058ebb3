#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// CLIP's tokenizer: text to the ids of byte-pair pieces, as transformers 5's `CLIPTokenizer` gives them.
///
/// Added tokens are found first. The text between them is normalized (form C, white space collapsed, lower case) and
/// split into words, and each word is encoded byte by byte. Like transformers 5, of a tokenizer.json only the
/// vocabulary, the merges, the added tokens and the sides of truncation and padding count: the rest of the pipeline is
/// CLIP's whatever the file says. Unicode classes and case are the Swift runtime's, composition is Unicode 14.
public struct CLIPTokenizer: Sendable {
    /// The ids of one text, ready for the text encoder.
    public struct Encoding: Hashable, Sendable {
        /// The start id, the text's ids, the end id, and padding; `length` in all.
        public let ids: [Int]
        /// 1 for every id of the text and its start and end, 0 for padding.
        public let attentionMask: [Int]
        /// The number of ids that are not padding, start and end included.
        public let tokenCount: Int
        /// The number of the text's ids that found no room.
        ///
        /// Of a text longer than `CLIPTokenizer.countedLength` only what was read is counted.
        public let truncated: Int
    }

    /// The id before every text.
    public let bosID: Int
    /// The id after every text.
    public let eosID: Int
    /// The id that fills an encoding up to its length.
    public let padID: Int
    /// The length of an encoding unless another is asked for, start and end included.
    public let maxLength: Int
    /// The number of ids, added tokens included: the least size of an embedding table.
    public let vocabularyCount: Int

    /// Past this number of characters, `encode` stops reading once it has the ids it needs: 1,048,576.
    public static let countedLength = 1 << 20
    /// A word longer than this number of characters is encoded in parts of this length: 262,144.
    public static let wordLimit = WordPlace.wordLimit

    private let words: CLIPWords
    private let rawTokens: AddedTokenMatcher
    private let normalizedTokens: AddedTokenMatcher
    private let padsLeft: Bool
    private let truncatesLeft: Bool

    /// Reads a tokenizer folder: tokenizer.json, else vocab.json and merges.txt; with them, where present,
    /// tokenizer_config.json, special_tokens_map.json and added_tokens.json.
    ///
    /// - Throws: `TokenizerError` with every problem found in the files.
    public init(directory: URL) throws(TokenizerError) {
        self = try TokenizerFolder(directory).loadCLIP()
    }

    /// Builds a tokenizer from the bytes of vocab.json and merges.txt.
    ///
    /// - Throws: `TokenizerError` with every problem found.
    public init(vocabulary: Data, merges: Data, configuration: Configuration = Configuration())
        throws(TokenizerError)
    {
        var issues = IssueList()
        let model = BytePairModel(
            .clip, vocabulary: NamedFile("vocab.json", vocabulary), merges: NamedFile("merges.txt", merges),
            &issues)
        try self.init(model, configuration, issues)
    }

    /// Builds a tokenizer from the bytes of a tokenizer.json; its added tokens count unless `configuration` lists any.
    ///
    /// - Throws: `TokenizerError` with every problem found.
    public init(tokenizerJSON: Data, configuration: Configuration = Configuration()) throws(TokenizerError) {
        var issues = IssueList()
        let model = BytePairModel(.clip, tokenizerJSON: NamedFile("tokenizer.json", tokenizerJSON), &issues)
        try self.init(model, configuration, issues)
    }

    /// Joins a vocabulary and a configuration.
    ///
    /// - Parameters:
    ///   - model: the vocabulary and merges.
    ///   - configuration: the tokens with a role, lengths and sides.
    ///   - found: what is known to be wrong already.
    /// - Throws: `TokenizerError` with that and with what is found here.
    init(_ model: BytePairModel, _ configuration: Configuration, _ found: IssueList) throws(TokenizerError) {
        var issues = found
        let added = CLIPAddedTokens(model, configuration, &issues)
        let encoder = BytePairEncoder(model, unknown: added.unknownID) { issues.add(model.mergesFile, $0) }
        try issues.throwIfAny()

        words = CLIPWords(encoder: encoder)
        bosID = added.bosID
        eosID = added.eosID
        padID = added.padID
        vocabularyCount = added.table.vocabularyCount
        maxLength = configuration.maxLength ?? Configuration.defaultMaxLength
        padsLeft = (configuration.paddingSide ?? model.paddingSide) == .left
        truncatesLeft = (configuration.truncationSide ?? model.truncationSide) == .left

        let matched = added.table.tokens.filter { !(configuration.splitsSpecialTokens && $0.token.special) }
        rawTokens = AddedTokenMatcher(matched.filter { !$0.token.normalized })
        normalizedTokens = AddedTokenMatcher(
            matched.filter(\.token.normalized).map { entry in
                var token = entry.token
                token.content = Self.normalize(token.content)
                return (token, entry.id)
            })
    }

    /// The ids of the whole text, without start, end or padding.
    public func tokens(_ text: String) -> [Int] {
        var reader = TokenReader(words, rawTokens, normalizedTokens)
        return reader.firstIDs(of: text, limit: nil)
    }

    /// The ids of text in bytes that should be UTF-8, without start, end or padding.
    ///
    /// Bytes that are not become U+FFFD as in Python's `bytes.decode(errors="replace")`: one for every maximal start of a
    /// valid sequence, one for every other byte.
    public func tokens(_ utf8: [UInt8]) -> [Int] { tokens(String(decoding: utf8, as: UTF8.self)) }

    /// The ids of a text with start and end, cut or padded to a length.
    ///
    /// What is cut is the text (its end, or its beginning when the configuration says so), never the start or end id.
    ///
    /// - Parameters:
    ///   - text: any text; normalization is part of encoding.
    ///   - length: the number of ids; `maxLength` if nil, at least 2.
    /// - Returns: `length` ids with their mask, and what was cut.
    public func encode(_ text: String, length: Int? = nil) -> Encoding {
        let length = max(2, length ?? maxLength)
        let room = length - 2
        var kept: [Int] = []
        var total = 0
        var reader = TokenReader(words, rawTokens, normalizedTokens)
        reader.read(text) { new, position in
            total += new.count
            if truncatesLeft {
                kept.append(contentsOf: new)
                if kept.count > 2 * room + 4096 { kept.removeFirst(kept.count - room) }
                return true
            }
            kept.append(contentsOf: new.prefix(room - kept.count))
            return kept.count < room || position < Self.countedLength
        }
        if truncatesLeft { kept.removeFirst(max(0, kept.count - room)) }

        let used = [bosID] + kept + [eosID]
        let padding = Array(repeating: padID, count: length - used.count)
        let ones = Array(repeating: 1, count: used.count)
        let zeros = Array(repeating: 0, count: padding.count)
        return Encoding(
            ids: padsLeft ? padding + used : used + padding,
            attentionMask: padsLeft ? zeros + ones : ones + zeros,
            tokenCount: used.count, truncated: total - kept.count)
    }

    /// The text as the word splitter sees it.
    package static func normalize(_ text: String) -> String {
        var scalars = NormalizedScalars(text.unicodeScalars.makeIterator())
        var normalized = String.UnicodeScalarView()
        while let scalar = scalars.next() { normalized.append(scalar) }
        return String(normalized)
    }
}
