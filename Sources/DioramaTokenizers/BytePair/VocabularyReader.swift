import DioramaJSON

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
