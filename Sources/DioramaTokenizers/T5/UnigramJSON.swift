import DioramaJSON

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension UnigramVocabulary {
    /// Reads a tokenizer.json whose model is a Unigram.
    init(tokenizerJSON file: NamedFile, _ issues: inout IssueList) {
        self.init(file: file.name)
        var reader = UnigramJSONReader(file)
        file.scan(&issues) { (scanner) throws(JSON.ParseError) in try reader.read(&scanner) }
        guard let entries = reader.entries else {
            issues.add(file.name, reader.hasModel ? "the model has no \"vocab\"" : "has no \"model\"")
            return
        }
        self.entries = entries
        unknownID = reader.unknownID
        fallsBackToBytes = reader.fallsBackToBytes
        addedTokens = reader.addedTokens.sorted { $0.id < $1.id }.map(\.token)
        takeNormalizer(reader.normalizer, &issues)
        takePreTokenizer(reader.preTokenizer, &issues)
    }

    private static let normalizers =
        "Sequence, Precompiled (first), Strip, and Replace of one character or of the pattern \" {2,}\""
    private static let preTokenizers = "Metaspace, also after WhitespaceSplit"

    private mutating func takeNormalizer(_ json: JSON?, _ issues: inout IssueList) {
        guard let json else { return }
        let steps = json["type"]?.string == "Sequence" ? json["normalizers"]?.array ?? [json] : [json]
        for (index, step) in steps.enumerated() {
            switch step["type"]?.string {
            case "Precompiled" where index == 0: takeTable(step["precompiled_charsmap"], &issues)
            case "Strip":
                normalizer.steps.append(
                    .strip(
                        left: step["strip_left"]?.bool ?? true, right: step["strip_right"]?.bool ?? true))
            case "Replace":
                guard let replacement = replacement(step) else { fallthrough }
                normalizer.steps.append(replacement)
            default:
                issues.add(
                    file,
                    "normalizer \(index + 1) is \(step.brief); a T5 tokenizer has \(Self.normalizers)")
            }
        }
    }

    private func replacement(_ step: JSON) -> UnigramNormalizer.Step? {
        guard let content = step["content"]?.string.map({ Array($0.unicodeScalars) }) else { return nil }
        if step["pattern"]?["Regex"]?.string == " {2,}" { return .replaceRuns(" ", content) }
        guard let scalars = step["pattern"]?["String"]?.string?.unicodeScalars, scalars.count == 1,
            let scalar = scalars.first
        else { return nil }
        return .replaceEach(scalar, content)
    }

    private mutating func takeTable(_ json: JSON?, _ issues: inout IssueList) {
        guard let text = json?.string, let bytes = Data(base64Encoded: text) else {
            let found = json?.string.map { "a text of \($0.utf8.count) bytes" } ?? json?.kind ?? "nothing"
            issues.add(file, "precompiled_charsmap is \(found), expected a text in base64")
            return
        }
        guard !bytes.isEmpty else { return }
        normalizer.table = PrecompiledCharsmap(Array(bytes), file: file, &issues)
    }

    private mutating func takePreTokenizer(_ json: JSON?, _ issues: inout IssueList) {
        guard let json else {
            issues.add(file, "has no pre_tokenizer, a T5 tokenizer has \(Self.preTokenizers)")
            return
        }
        let steps = json["type"]?.string == "Sequence" ? json["pretokenizers"]?.array ?? [json] : [json]
        let types = steps.map { $0["type"]?.string }
        guard types == ["Metaspace"] || types == ["WhitespaceSplit", "Metaspace"], let metaspace = steps.last
        else {
            issues.add(file, "the pre_tokenizer is \(json.brief), a T5 tokenizer's is \(Self.preTokenizers)")
            return
        }
        takeMetaspace(metaspace, &issues)
        guard types.count == 2 else { return }
        if prefix.place != .everyStretch || splitsAtMarks == false {
            issues.add(
                file, "after WhitespaceSplit, Metaspace must split and have the prepend_scheme \"always\"")
        }
        normalizer.steps.append(.separateWords(mark: mark))
    }

    private mutating func takeMetaspace(_ json: JSON, _ issues: inout IssueList) {
        let scheme = json["prepend_scheme"]?.string
        switch scheme {
        case "never": prefix.place = .nowhere
        case "first": prefix.place = .textStart
        case "always", nil: prefix.place = json["add_prefix_space"]?.bool == false ? .nowhere : .everyStretch
        default:
            issues.add(file, "prepend_scheme is \(quoted(scheme ?? "")), expected always, first or never")
        }
        splitsAtMarks = json["split"]?.bool ?? true
        let scalars = Array((json["replacement"]?.string ?? "\u{2581}").unicodeScalars)
        if scalars.count == 1 {
            mark = scalars[0]
        } else {
            issues.add(file, "the replacement of Metaspace has \(scalars.count) characters, expected 1")
        }
    }
}

/// Reads the parts of a tokenizer.json that a Unigram tokenizer takes from it.
struct UnigramJSONReader {
    private(set) var entries: [UnigramVocabulary.Entry]?
    private(set) var unknownID: Int?
    private(set) var fallsBackToBytes = false
    private(set) var addedTokens: [(token: AddedToken, id: Int)] = []
    private(set) var normalizer: JSON?
    private(set) var preTokenizer: JSON?
    private(set) var hasModel = false
    private let file: NamedFile

    init(_ file: NamedFile) { self.file = file }

    mutating func read(_ scanner: inout JSONScanner) throws(JSON.ParseError) {
        try scanner.object { (scanner, key) throws(JSON.ParseError) in
            switch key {
            case "model": try readModel(&scanner)
            case "added_tokens": addedTokens = try scanner.addedTokens()
            case "normalizer": normalizer = try file.tree(&scanner)
            case "pre_tokenizer": preTokenizer = try file.tree(&scanner)
            default: try scanner.skip()
            }
        }
    }

    private mutating func readModel(_ scanner: inout JSONScanner) throws(JSON.ParseError) {
        hasModel = true
        try scanner.object { (scanner, key) throws(JSON.ParseError) in
            switch key {
            case "type":
                let type = try scanner.string()
                guard type == "Unigram" else {
                    throw scanner.wrong(
                        "the model's type is \(quoted(type)), a T5 tokenizer's is \"Unigram\"")
                }
            case "unk_id":
                guard try scanner.kind() != .null else { return try scanner.null() }
                unknownID = try scanner.integer()
            case "byte_fallback": fallsBackToBytes = try scanner.boolean()
            case "vocab": try readVocabulary(&scanner)
            default: try scanner.skip()
            }
        }
    }

    private mutating func readVocabulary(_ scanner: inout JSONScanner) throws(JSON.ParseError) {
        var read: [UnigramVocabulary.Entry] = []
        try scanner.array { (scanner) throws(JSON.ParseError) in
            guard read.count < UnigramVocabulary.countLimit else {
                throw scanner.wrong("more than \(UnigramVocabulary.countLimit) pieces")
            }
            var entry = UnigramVocabulary.Entry(text: "", score: 0)
            var count = 0
            try scanner.array { (scanner) throws(JSON.ParseError) in
                switch count {
                case 0: entry.text = try scanner.string()
                case 1: entry.score = try scanner.double()
                default: try scanner.skip()
                }
                count += 1
            }
            guard count == 2 else {
                throw scanner.wrong("a piece is a text and its score, this one is \(count) values")
            }
            read.append(entry)
        }
        entries = read
    }
}
