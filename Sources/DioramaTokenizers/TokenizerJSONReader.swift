import DioramaJSON

/// Reads the parts of a tokenizer.json that CLIP's tokenizer takes from it.
struct TokenizerJSONReader {
    private(set) var vocabulary: VocabularyReader
    private(set) var merges: [(left: String, right: String)] = []
    private(set) var addedTokens: [(token: AddedToken, id: Int)] = []
    private(set) var paddingSide: CLIPTokenizer.Configuration.Side = .right
    private(set) var truncationSide: CLIPTokenizer.Configuration.Side = .right
    private let file: String
    private var hasModel = false
    private var hasVocabulary = false
    private var hasMerges = false

    init(file: String) {
        self.file = file
        vocabulary = VocabularyReader(file: file)
    }

    mutating func read(_ scanner: inout JSONScanner) throws(JSON.ParseError) {
        try scanner.object { (scanner, key) throws(JSON.ParseError) in
            switch key {
            case "model": try readModel(&scanner)
            case "added_tokens": try readAddedTokens(&scanner)
            case "padding": paddingSide = try scanner.direction() ?? paddingSide
            case "truncation": truncationSide = try scanner.direction() ?? truncationSide
            default: try scanner.skip()
            }
        }
    }

    /// Adds an issue for every part the file should have had.
    func reportMissing(_ issues: inout IssueList) {
        guard hasModel else { return issues.add(file, "has no \"model\"") }
        if !hasVocabulary { issues.add(file, "the model has no \"vocab\"") }
        if !hasMerges { issues.add(file, "the model has no \"merges\"") }
    }

    private mutating func readModel(_ scanner: inout JSONScanner) throws(JSON.ParseError) {
        hasModel = true
        try scanner.object { (scanner, key) throws(JSON.ParseError) in
            switch key {
            case "type":
                let type = try scanner.string()
                guard type == "BPE" else {
                    throw scanner.wrong("the model's type is \(quoted(type)), a CLIP tokenizer's is \"BPE\"")
                }
            case "end_of_word_suffix":
                guard try scanner.kind() == .string else { return try scanner.skip() }
                let suffix = try scanner.string()
                guard suffix == BytePairEncoder.endOfWord else {
                    throw scanner.wrong(
                        "end_of_word_suffix is \(quoted(suffix)), a CLIP tokenizer's is \"\(BytePairEncoder.endOfWord)\""
                    )
                }
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

    private mutating func readAddedTokens(_ scanner: inout JSONScanner) throws(JSON.ParseError) {
        try scanner.array { (scanner) throws(JSON.ParseError) in
            let entry = try scanner.addedToken(special: false)
            guard let id = entry.id else { throw scanner.wrong("an added token has no \"id\"") }
            addedTokens.append((entry.token, id))
        }
    }
}

extension JSONScanner {
    /// A merge: `"left right"` or `["left", "right"]`.
    fileprivate mutating func merge() throws(JSON.ParseError) -> (left: String, right: String) {
        var parts: [String] = []
        if try kind() == .string {
            parts = try string().split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        } else {
            try array { (scanner) throws(JSON.ParseError) in parts.append(try scanner.string()) }
        }
        guard parts.count == 2 else { throw wrong("a merge is two pieces, this one has \(parts.count)") }
        return (parts[0], parts[1])
    }

    /// The `direction` of a truncation or padding object; nil for null.
    fileprivate mutating func direction() throws(JSON.ParseError) -> CLIPTokenizer.Configuration.Side? {
        guard try kind() == .object else {
            try skip()
            return nil
        }
        var side: CLIPTokenizer.Configuration.Side?
        try object { (scanner, key) throws(JSON.ParseError) in
            guard key == "direction" else { return try scanner.skip() }
            side = try scanner.side()
        }
        return side
    }

    /// `"left"` or `"right"`, capitals allowed.
    mutating func side() throws(JSON.ParseError) -> CLIPTokenizer.Configuration.Side {
        let name = try string()
        guard let side = CLIPTokenizer.Configuration.Side(rawValue: name.lowercased()) else {
            throw wrong("expected \"left\" or \"right\", found \(quoted(name))")
        }
        return side
    }

    /// A token: a string, or an object with its content and flags.
    ///
    /// - Parameter special: what the token is unless the object says otherwise.
    /// - Returns: the token, and its id if the object has one.
    /// - Throws: `JSON.ParseError` if it is neither, has no content, or has a flag that is no boolean.
    mutating func addedToken(special: Bool) throws(JSON.ParseError) -> (token: AddedToken, id: Int?) {
        guard try kind() != .string else { return (AddedToken(try string(), special: special), nil) }
        var content: String?
        var id: Int?
        var flags: [String: Bool] = [:]
        try object { (scanner, key) throws(JSON.ParseError) in
            switch key {
            case "content": content = try scanner.string()
            case "id":
                guard let exact = Int32(exactly: try scanner.double()), exact >= 0 else {
                    throw scanner.wrong("the id of an added token is a whole number from 0 to \(Int32.max)")
                }
                id = Int(exact)
            case "special", "normalized", "single_word", "lstrip", "rstrip":
                flags[key] = try scanner.boolean()
            default: try scanner.skip()
            }
        }
        guard let content else { throw wrong("an added token has no \"content\"") }
        let token = AddedToken(
            content, special: flags["special"] ?? special, normalized: flags["normalized"],
            singleWord: flags["single_word"] ?? false, lstrip: flags["lstrip"] ?? false,
            rstrip: flags["rstrip"] ?? false)
        return (token, id)
    }
}
