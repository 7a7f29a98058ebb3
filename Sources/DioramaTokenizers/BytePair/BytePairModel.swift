import DioramaJSON

/// What tells the byte-pair tokenizers of two families apart.
struct BytePairKind {
    /// The family's name in messages.
    let name: String
    /// The suffix of pieces that end a word; empty if there is none.
    let endOfWord: String
    /// Whether a tokenizer.json's pipeline counts; CLIP's is the same whatever the file says.
    let readsPipeline: Bool

    static let clip = BytePairKind(name: "CLIP", endOfWord: "</w>", readsPipeline: false)
    static let qwen = BytePairKind(name: "Qwen", endOfWord: "", readsPipeline: true)
}

/// The vocabulary and the merges of a byte-pair tokenizer as its files give them.
struct BytePairModel {
    /// The longest word that is looked up as a whole, in characters.
    static let wholeLimit = 1024

    let kind: BytePairKind
    private(set) var pieces: [Piece: Int] = [:]
    /// The first learned first.
    private(set) var merges: [(left: String, right: String)] = []
    /// In the order of their ids.
    private(set) var addedTokens: [AddedToken] = []
    private(set) var paddingSide: CLIPTokenizer.Configuration.Side = .right
    private(set) var truncationSide: CLIPTokenizer.Configuration.Side = .right
    /// Whether a word that is a piece gets its id without regard to the merges.
    private(set) var ignoresMerges = false
    /// The names of the files that the pieces and the merges come from.
    let vocabularyFile, mergesFile: String

    /// Reads vocab.json, `{"piece": id}`, and merges.txt, a pair of pieces a line.
    init(_ kind: BytePairKind, vocabulary: NamedFile, merges: NamedFile, _ issues: inout IssueList) {
        self.kind = kind
        vocabularyFile = vocabulary.name
        mergesFile = merges.name
        var reader = VocabularyReader(file: vocabulary.name)
        vocabulary.scan(&issues) { (scanner) throws(JSON.ParseError) in try reader.read(&scanner) }
        pieces = reader.finish(&issues)
        readMergeLines(merges, &issues)
    }

    /// Reads a tokenizer.json whose model is a BPE.
    ///
    /// - Parameters:
    ///   - kind: the family whose file it should be.
    ///   - file: the file.
    ///   - issues: gets what is wrong with it.
    ///   - pipeline: gets its normalizer and its pre-tokenizer.
    init(
        _ kind: BytePairKind, tokenizerJSON file: NamedFile, _ issues: inout IssueList,
        _ pipeline: (_ normalizer: JSON?, _ preTokenizer: JSON?, inout IssueList) -> Void = { _, _, _ in }
    ) {
        self.kind = kind
        vocabularyFile = file.name
        mergesFile = file.name
        var reader = TokenizerJSONReader(kind, file)
        file.scan(&issues) { (scanner) throws(JSON.ParseError) in try reader.read(&scanner) }
        if reader.reportMissing(&issues) { pipeline(reader.normalizer, reader.preTokenizer, &issues) }
        pieces = reader.vocabulary.finish(&issues)
        merges = reader.merges
        addedTokens = reader.addedTokens.sorted { $0.id < $1.id }.map(\.token)
        paddingSide = reader.paddingSide
        truncationSide = reader.truncationSide
        ignoresMerges = reader.ignoresMerges
    }

    /// Takes a vocabulary as arrays: a piece's id is its place.
    ///
    /// - Parameters:
    ///   - kind: the family.
    ///   - tokens: all pieces.
    ///   - lines: the merges: two pieces each, with a space between them.
    ///   - file: what errors call the arrays.
    ///   - issues: gets what is wrong with them.
    init(
        _ kind: BytePairKind, tokens: [String], merges lines: [String], file: String,
        _ issues: inout IssueList
    ) {
        self.kind = kind
        vocabularyFile = file
        mergesFile = file
        pieces = PieceIDs.byPlace(tokens, file, &issues)
        merges.reserveCapacity(lines.count)
        for (rank, line) in lines.enumerated() {
            let parts = line.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
                issues.add(
                    file,
                    "merge \(rank + 1), \(quoted(line)): expected two pieces with one space between them")
                continue
            }
            merges.append((String(Substring(parts[0])), String(Substring(parts[1]))))
        }
    }

    private mutating func readMergeLines(_ file: NamedFile, _ issues: inout IssueList) {
        let lines = file.bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        merges.reserveCapacity(lines.count)
        for (index, line) in lines.enumerated() {
            let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            guard !line.isEmpty, !line.starts(with: "#version".utf8) else { continue }
            let parts = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
            guard parts.count == 2, let left = String(validating: parts[0], as: UTF8.self),
                let right = String(validating: parts[1], as: UTF8.self), !left.isEmpty, !right.isEmpty
            else {
                issues.add(file.name, "line \(index + 1): expected two pieces with one space between them")
                continue
            }
            merges.append((left, right))
        }
    }
}
