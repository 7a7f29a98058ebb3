import DioramaJSON

/// The text of a vocabulary entry; two are equal when their bytes are.
///
/// `String` would take canonically equivalent texts for one key.
struct Piece: Hashable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (a: Piece, b: Piece) -> Bool {
        var (a, b) = (a.text, b.text)
        return a.withUTF8 { a in
            b.withUTF8 { b in a.count == b.count && zip(a, b).allSatisfy { $0 == $1 } }
        }
    }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

/// A file's bytes and the name that errors call it by.
struct NamedFile {
    let name: String
    let bytes: [UInt8]

    init(_ name: String, _ bytes: some Sequence<UInt8>) {
        self.name = name
        self.bytes = Array(bytes)
    }

    /// Reads the file as one JSON value; an error is an issue with its line and column.
    func scan(_ issues: inout IssueList, _ read: (inout JSONScanner) throws(JSON.ParseError) -> Void) {
        do {
            var scanner = try JSONScanner(
                bytes, limits: JSON.Limits(bytes: TokenizerFolder.sizeLimit, depth: 64))
            try read(&scanner)
            try scanner.end()
        } catch {
            issues.add(name, "\(error)")
        }
    }
}

/// The vocabulary and the merges of a byte-pair tokenizer as its files give them.
struct BytePairModel {
    private(set) var pieces: [Piece: Int] = [:]
    /// The first learned first.
    private(set) var merges: [(left: String, right: String)] = []
    /// In the order of their ids.
    private(set) var addedTokens: [AddedToken] = []
    private(set) var paddingSide: CLIPTokenizer.Configuration.Side = .right
    private(set) var truncationSide: CLIPTokenizer.Configuration.Side = .right
    /// The names of the files that the pieces and the merges come from.
    let vocabularyFile, mergesFile: String

    /// Reads vocab.json, `{"piece": id}`, and merges.txt, a pair of pieces a line.
    init(vocabulary: NamedFile, merges: NamedFile, _ issues: inout IssueList) {
        vocabularyFile = vocabulary.name
        mergesFile = merges.name
        var reader = VocabularyReader(file: vocabulary.name)
        vocabulary.scan(&issues) { (scanner) throws(JSON.ParseError) in try reader.read(&scanner) }
        pieces = reader.finish(&issues)
        readMergeLines(merges, &issues)
    }

    /// Reads a tokenizer.json whose model is a BPE.
    init(tokenizerJSON file: NamedFile, _ issues: inout IssueList) {
        vocabularyFile = file.name
        mergesFile = file.name
        var reader = TokenizerJSONReader(file: file.name)
        file.scan(&issues) { (scanner) throws(JSON.ParseError) in try reader.read(&scanner) }
        reader.reportMissing(&issues)
        pieces = reader.vocabulary.finish(&issues)
        merges = reader.merges
        addedTokens = reader.addedTokens.sorted { $0.id < $1.id }.map(\.token)
        paddingSide = reader.paddingSide
        truncationSide = reader.truncationSide
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

/// Reads `{"piece": id}`.
struct VocabularyReader {
    let file: String
    private var pieces: [Piece: Int] = [:]
    private var problems: [String] = []

    init(file: String) { self.file = file }

    mutating func read(_ scanner: inout JSONScanner) throws(JSON.ParseError) {
        try scanner.object { (scanner, piece) throws(JSON.ParseError) in
            let number = try scanner.double()
            guard let id = Int32(exactly: number), id >= 0 else {
                problems.append(
                    "the id of \(quoted(piece)) is \(number), ids are whole numbers from 0 to \(Int32.max)")
                return
            }
            if let earlier = pieces.updateValue(Int(id), forKey: Piece(piece)), earlier != Int(id) {
                problems.append("the piece \(quoted(piece)) has two ids, \(earlier) and \(id)")
            }
        }
    }

    /// The pieces; an id that two pieces have is an issue.
    func finish(_ issues: inout IssueList) -> [Piece: Int] {
        for problem in problems { issues.add(file, problem) }
        guard Set(pieces.values).count < pieces.count else { return pieces }
        let byID = pieces.map { (id: $0.value, piece: $0.key.text) }.sorted { $0 < $1 }
        for (a, b) in zip(byID, byID.dropFirst()) where a.id == b.id {
            issues.add(file, "the id \(a.id) is given to \(quoted(a.piece)) and to \(quoted(b.piece))")
        }
        return pieces
    }
}
