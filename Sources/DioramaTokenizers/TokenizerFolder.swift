import DioramaFiles
import DioramaJSON

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The files of a tokenizer folder, in the layout of Hugging Face.
struct TokenizerFolder {
    /// The greatest file that is read: 256 MiB.
    static let sizeLimit = 256 << 20

    private let directory: URL

    init(_ directory: URL) { self.directory = directory }

    func load() throws(TokenizerError) -> CLIPTokenizer {
        var issues = IssueList()
        let configuration = readConfiguration(&issues)
        if let file = read("tokenizer.json", &issues) {
            return try CLIPTokenizer(BytePairModel(tokenizerJSON: file, &issues), configuration, issues)
        }
        let vocabulary = read("vocab.json", &issues)
        let merges = read("merges.txt", &issues)
        if let vocabulary, let merges {
            return try CLIPTokenizer(
                BytePairModel(vocabulary: vocabulary, merges: merges, &issues), configuration, issues)
        }
        // A file that is there but cannot be read is an issue already.
        let absent = ["tokenizer.json", "vocab.json", "merges.txt"].filter {
            !FileManager.default.fileExists(atPath: directory.appending(path: $0).path)
        }
        if absent.count > 1, absent.first == "tokenizer.json" {
            issues.add(
                directory.path,
                "expected tokenizer.json, or vocab.json and merges.txt; there is no "
                    + absent.joined(separator: " and no "))
        }
        try issues.throwIfAny()
        throw TokenizerError(directory.path, "cannot be read")
    }

    /// The settings of tokenizer_config.json.
    ///
    /// Where that file lists no added tokens, special_tokens_map.json goes before it and added_tokens.json adds to it.
    private func readConfiguration(_ issues: inout IssueList) -> CLIPTokenizer.Configuration {
        var reader = ConfigurationReader()
        for name in ["tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"] {
            guard !reader.listsAddedTokens, let file = read(name, &issues) else { continue }
            file.scan(&issues) { (scanner) throws(JSON.ParseError) in
                if name == "added_tokens.json" {
                    try reader.readAddedTokens(&scanner)
                } else {
                    try reader.read(&scanner)
                }
            }
        }
        return reader.configuration
    }

    /// The bytes of a file; nil if there is none, or none that can be read, which is an issue.
    private func read(_ name: String, _ issues: inout IssueList) -> NamedFile? {
        let path = directory.appending(path: name).path
        do {
            return NamedFile(path, try InputFile.read(path, limit: Self.sizeLimit))
        } catch {
            if !error.isMissing { issues.add(path, "cannot be \(error.action): \(error.reason)") }
            return nil
        }
    }
}

/// Reads tokenizer_config.json and special_tokens_map.json, which share the keys of the special tokens.
struct ConfigurationReader {
    private(set) var configuration = CLIPTokenizer.Configuration()
    private(set) var listsAddedTokens = false

    mutating func read(_ scanner: inout JSONScanner) throws(JSON.ParseError) {
        try scanner.object { (scanner, key) throws(JSON.ParseError) in
            guard try scanner.kind() != .null else { return try scanner.null() }
            switch key {
            case "bos_token": configuration.bos = try scanner.addedToken(special: true).token
            case "eos_token": configuration.eos = try scanner.addedToken(special: true).token
            case "unk_token": configuration.unknown = try scanner.addedToken(special: true).token
            case "pad_token": configuration.pad = try scanner.addedToken(special: true).token
            case "sep_token": configuration.separator = try scanner.addedToken(special: true).token
            case "cls_token": configuration.classifier = try scanner.addedToken(special: true).token
            case "mask_token": configuration.mask = try scanner.addedToken(special: true).token
            case "extra_special_tokens", "additional_special_tokens": try readExtraTokens(&scanner)
            case "model_max_length", "max_len": configuration.maxLength = try readMaxLength(&scanner)
            case "padding_side": configuration.paddingSide = try scanner.side()
            case "truncation_side": configuration.truncationSide = try scanner.side()
            case "split_special_tokens": configuration.splitsSpecialTokens = try scanner.boolean()
            case "added_tokens_decoder": try readDecoder(&scanner)
            default: try scanner.skip()
            }
        }
    }

    /// Reads added_tokens.json, `{"token": id}`.
    mutating func readAddedTokens(_ scanner: inout JSONScanner) throws(JSON.ParseError) {
        var entries: [(id: Double, content: String)] = []
        try scanner.object { (scanner, content) throws(JSON.ParseError) in
            entries.append((try scanner.double(), content))
        }
        let special = [configuration.bos, configuration.eos, configuration.unknown, configuration.pad]
            .compactMap { $0?.content }
        configuration.extraTokens =
            entries.sorted { $0.id < $1.id }.map {
                AddedToken($0.content, special: special.contains($0.content))
            } + configuration.extraTokens
    }

    private mutating func readExtraTokens(_ scanner: inout JSONScanner) throws(JSON.ParseError) {
        guard try scanner.kind() == .array else { return try scanner.skip() }
        try scanner.array { (scanner) throws(JSON.ParseError) in
            configuration.extraTokens.append(try scanner.addedToken(special: true).token)
        }
    }

    /// A length; nil for the huge number that stands for "none".
    private func readMaxLength(_ scanner: inout JSONScanner) throws(JSON.ParseError) -> Int? {
        let number = try scanner.double()
        guard number < 1e20 else { return nil }
        guard let length = Int(exactly: number),
            (2...CLIPTokenizer.Configuration.greatestMaxLength).contains(length)
        else {
            throw scanner.wrong(
                "model_max_length is \(number), expected a whole number from 2 to "
                    + "\(CLIPTokenizer.Configuration.greatestMaxLength)")
        }
        return length
    }

    /// `{"id": {"content": ..., ...}}`, put in the order of the ids.
    private mutating func readDecoder(_ scanner: inout JSONScanner) throws(JSON.ParseError) {
        listsAddedTokens = true
        var entries: [(id: Int, token: AddedToken)] = []
        try scanner.object { (scanner, key) throws(JSON.ParseError) in
            guard let id = Int(key) else {
                throw scanner.wrongKey("the keys of added_tokens_decoder are ids, found \(quoted(key))")
            }
            entries.append((id, try scanner.addedToken(special: false).token))
        }
        configuration.addedTokens = entries.sorted { $0.id < $1.id }.map(\.token)
    }
}
