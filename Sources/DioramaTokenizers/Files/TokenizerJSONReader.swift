import DioramaJSON

/// Reads the parts of a tokenizer.json that a byte-pair tokenizer takes from it.
struct TokenizerJSONReader {
    private(set) var vocabulary: VocabularyReader
    private(set) var merges: [(left: String, right: String)] = []
    private(set) var addedTokens: [(token: AddedToken, id: Int)] = []
    private(set) var paddingSide: CLIPTokenizer.Configuration.Side = .right
    private(set) var truncationSide: CLIPTokenizer.Configuration.Side = .right
    private(set) var ignoresMerges = false
    private(set) var normalizer: JSON?
    private(set) var preTokenizer: JSON?
    private let kind: BytePairKind
    private let file: NamedFile
    private var hasModel = false
    private var hasVocabulary = false
    private var hasMerges = false

    init(_ kind: BytePairKind, _ file: NamedFile) {
        self.kind = kind
        self.file = file
        vocabulary = VocabularyReader(file: file.name)
    }

    mutating func read(_ scanner: inout JSONScanner) throws(JSON.ParseError) {
        try scanner.object { (scanner, key) throws(JSON.ParseError) in
            switch key {
            case "model": try readModel(&scanner)
            case "added_tokens": addedTokens = try scanner.addedTokens()
            case "normalizer" where kind.readsPipeline: normalizer = try file.tree(&scanner)
            case "pre_tokenizer" where kind.readsPipeline: preTokenizer = try file.tree(&scanner)
            case "padding": paddingSide = try scanner.direction() ?? paddingSide
            case "truncation": truncationSide = try scanner.direction() ?? truncationSide
            default: try scanner.skip()
            }
        }
    }

    /// Adds an issue for every part the file should have had; returns whether there was none.
    func reportMissing(_ issues: inout IssueList) -> Bool {
        guard hasModel else {
            issues.add(file.name, "has no \"model\"")
            return false
        }
        if !hasVocabulary { issues.add(file.name, "the model has no \"vocab\"") }
        if !hasMerges { issues.add(file.name, "the model has no \"merges\"") }
        return hasVocabulary && hasMerges
    }

    private mutating func readModel(_ scanner: inout JSONScanner) throws(JSON.ParseError) {
        hasModel = true
        try scanner.object { (scanner, key) throws(JSON.ParseError) in
            switch key {
            case "type":
                let type = try scanner.string()
                guard type == "BPE" else {
                    throw scanner.wrong(
                        "the model's type is \(quoted(type)), a \(kind.name) tokenizer's is \"BPE\"")
                }
            case "end_of_word_suffix":
                guard try scanner.kind() == .string else { return try scanner.skip() }
                let suffix = try scanner.string()
                guard suffix == kind.endOfWord else {
                    throw scanner.wrong(
                        "end_of_word_suffix is \(quoted(suffix)), a \(kind.name) tokenizer's is \"\(kind.endOfWord)\""
                    )
                }
            case "continuing_subword_prefix" where kind.readsPipeline:
                guard try scanner.kind() == .string else { return try scanner.skip() }
                let prefix = try scanner.string()
                guard prefix.isEmpty else {
                    throw scanner.wrong(
                        "continuing_subword_prefix is \(quoted(prefix)), a \(kind.name) tokenizer has none")
                }
            case "ignore_merges" where kind.readsPipeline: ignoresMerges = try scanner.boolean()
            case "vocab":
                hasVocabulary = true
                try vocabulary.read(&scanner)
            case "merges":
                hasMerges = true
                try scanner.array { (scanner) throws(JSON.ParseError) in
                    merges.append(try scanner.merge())
                }
            default: try scanner.skip()
            }
        }
    }
}
