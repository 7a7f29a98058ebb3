import DioramaJSON

/// A Unigram tokenizer as its file gives it: pieces, added tokens, and how text is normalized.
struct UnigramVocabulary {
    /// The most pieces, the most bytes in all pieces together, and the longest piece in bytes that are accepted.
    static let countLimit = 1 << 20
    static let sizeLimit = 8 << 20
    static let lengthLimit = 1024

    /// The mark of a space in pieces.
    static let mark: Unicode.Scalar = "\u{2581}"

    struct Entry {
        var text: String
        var score: Double
        var type = GGUFTokenType.normal
    }

    let file: String
    var entries: [Entry] = []
    var unknownID: Int?
    var endID: Int?
    var padID: Int?
    var fallsBackToBytes = false
    var addedTokens: [AddedToken] = []
    var normalizer = UnigramNormalizer()
    var prefix = UnigramWords.Prefix()
    var mark = UnigramVocabulary.mark
    /// Whether words end before a mark; nil if they do where that gives the same ids.
    var splitsAtMarks: Bool?

    init(file: String) { self.file = file }

    /// Checks the pieces and builds what encodes words.
    ///
    /// - Parameter issues: gets what is wrong.
    /// - Returns: what encodes words; nil if the pieces do not allow it.
    func words(_ issues: inout IssueList) -> UnigramWords? {
        guard let unknownID else {
            issues.add(file, "the vocabulary has no unknown piece")
            return nil
        }
        guard entries.indices.contains(unknownID) else {
            issues.add(file, "the unknown id is \(unknownID), ids are 0 to \(entries.count - 1)")
            return nil
        }
        guard checkEntries(&issues) else { return nil }
        let pieces = entries.indices.filter { entries[$0].type == .normal }
            .map { (text: entries[$0].text, id: $0) }
        let model = UnigramModel(
            pieces, scores: entries.map(\.score), unknownID: unknownID, byteIDs: byteIDs())
        let marksOnlyLead = !pieces.contains { $0.text.unicodeScalars.dropFirst().contains(mark) }
        return UnigramWords(
            model: model, normalizer: normalizer, prefix: prefix, mark: mark,
            splitsAtMarks: splitsAtMarks ?? marksOnlyLead)
    }

    private func checkEntries(_ issues: inout IssueList) -> Bool {
        let size = entries.reduce(0) { $0 + $1.text.utf8.count }
        guard entries.count <= Self.countLimit, size <= Self.sizeLimit else {
            issues.add(
                file,
                "\(entries.count) pieces of \(size) bytes in all, at most \(Self.countLimit) of \(Self.sizeLimit) "
                    + "bytes are accepted")
            return false
        }
        var isRight = true
        for (id, entry) in entries.enumerated() where entry.type == .normal {
            if entry.text.utf8.count > Self.lengthLimit {
                issues.add(file, "the piece \(quoted(entry.text)) is longer than \(Self.lengthLimit) bytes")
                isRight = false
            }
            if !entry.score.isFinite {
                issues.add(file, "the score of piece \(id), \(quoted(entry.text)), is \(entry.score)")
                isRight = false
            }
        }
        return isRight
    }

    /// The ids of the pieces `<0x00>` to `<0xFF>`; empty unless all are there and unknown characters fall back to them.
    private func byteIDs() -> [Int] {
        guard fallsBackToBytes else { return [] }
        var ids = Array(repeating: -1, count: 256)
        for (id, entry) in entries.enumerated() {
            if let byte = Self.byte(of: entry.text) { ids[Int(byte)] = id }
        }
        return ids.contains(-1) ? [] : ids
    }

    /// The byte of a piece `<0xNN>`, capitals only.
    static func byte(of piece: String) -> UInt8? {
        let bytes = Array(piece.utf8.prefix(7))
        guard bytes.count == 6, bytes.starts(with: "<0x".utf8), bytes[5] == UInt8(ascii: ">") else {
            return nil
        }
        let digits = String(decoding: bytes[3..<5], as: UTF8.self)
        guard let byte = UInt8(digits, radix: 16), digits == digits.uppercased(),
            bytes[3] != UInt8(ascii: "+")
        else { return nil }
        return byte
    }
}

extension UnigramVocabulary {
    /// Takes a vocabulary as the arrays of a GGUF file.
    init(
        tokens: [String], scores: [Float], types numbers: [Int], charsmap: [UInt8], file: String,
        _ issues: inout IssueList
    ) {
        self.init(file: file)
        let types = GGUFTokenType.types(numbers, of: tokens, file, &issues)
        if scores.count != tokens.count {
            issues.add(file, "\(tokens.count) tokens have \(scores.count) scores")
        } else {
            entries = tokens.indices.map {
                Entry(text: tokens[$0], score: Double(scores[$0]), type: types[$0])
            }
        }
        normalizer.rule = .longest
        if !charsmap.isEmpty {
            normalizer.table = PrecompiledCharsmap(charsmap, file: file, &issues)
        }
        takeTypes(&issues)
    }

    /// Takes the unknown piece, the added tokens and byte fallback from the pieces' types.
    mutating func takeTypes(_ issues: inout IssueList) {
        for (id, entry) in entries.enumerated() {
            switch entry.type {
            case .unknown:
                if let first = unknownID, first != id {
                    issues.add(file, "two pieces are of the type unknown, \(first) and \(id)")
                }
                unknownID = id
                addedTokens.append(AddedToken(entry.text))
            case .control: addedTokens.append(AddedToken(entry.text))
            case .userDefined:
                addedTokens.append(AddedToken(entry.text, special: false, normalized: false))
            case .byte where Self.byte(of: entry.text) == nil:
                issues.add(
                    file, "piece \(id), \(quoted(entry.text)), is of the type byte, but not <0x00> to <0xFF>")
            case .byte: fallsBackToBytes = true
            case .normal, .unused: break
            }
        }
    }
}
