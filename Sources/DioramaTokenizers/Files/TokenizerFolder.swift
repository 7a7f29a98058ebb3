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

    func loadCLIP() throws(TokenizerError) -> CLIPTokenizer {
        var issues = IssueList()
        let configuration = readConfiguration(
            &issues, lengths: 2...CLIPTokenizer.Configuration.greatestMaxLength)
        if let file = read("tokenizer.json", &issues) {
            return try CLIPTokenizer(
                BytePairModel(.clip, tokenizerJSON: file, &issues), configuration, issues)
        }
        return try CLIPTokenizer(readPair(.clip, &issues), configuration, issues)
    }

    func loadQwen() throws(TokenizerError) -> QwenTokenizer {
        var issues = IssueList()
        let configuration = readConfiguration(&issues, lengths: nil)
        if let file = read("tokenizer.json", &issues) {
            return try QwenTokenizer(BytePairModel(qwenJSON: file, &issues), configuration, issues)
        }
        return try QwenTokenizer(readPair(.qwen, &issues), configuration, issues)
    }

    func loadT5() throws(TokenizerError) -> T5Tokenizer {
        var issues = IssueList()
        if let file = read("tokenizer.json", &issues) {
            return try T5Tokenizer(UnigramVocabulary(tokenizerJSON: file, &issues), issues)
        }
        if let file = read("spiece.model", &issues) {
            let vocabulary = UnigramVocabulary(
                sentencePiece: file, extraIDs: T5Tokenizer.extraIDs, &issues)
            return try T5Tokenizer(vocabulary, issues)
        }
        throw missing("tokenizer.json, or spiece.model", ["tokenizer.json", "spiece.model"], issues)
    }

    private func readPair(
        _ kind: BytePairKind, _ issues: inout IssueList
    ) throws(TokenizerError) -> BytePairModel {
        let vocabulary = read("vocab.json", &issues)
        let merges = read("merges.txt", &issues)
        if let vocabulary, let merges {
            return BytePairModel(kind, vocabulary: vocabulary, merges: merges, &issues)
        }
        throw missing(
            "tokenizer.json, or vocab.json and merges.txt", ["tokenizer.json", "vocab.json", "merges.txt"],
            issues)
    }

    /// The error for a folder that has not the files it should, the first of which would do alone.
    private func missing(_ expected: String, _ names: [String], _ found: IssueList) -> TokenizerError {
        var issues = found
        // A file that is there but cannot be read is an issue already.
        let absent = names.filter {
            !FileManager.default.fileExists(atPath: directory.appending(path: $0).path)
        }
        if absent.count > 1, absent.first == names.first {
            issues.add(
                directory.path, "expected \(expected); there is no " + absent.joined(separator: " and no "))
        }
        return issues.error ?? TokenizerError(directory.path, "cannot be read")
    }

    /// The settings of tokenizer_config.json.
    ///
    /// Where that file lists no added tokens, special_tokens_map.json goes before it and added_tokens.json adds to it.
    private func readConfiguration(
        _ issues: inout IssueList, lengths: ClosedRange<Int>?
    ) -> CLIPTokenizer.Configuration {
        var reader = ConfigurationReader(lengths: lengths)
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
