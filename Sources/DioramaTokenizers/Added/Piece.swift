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

/// Ids of pieces that stand in a list.
enum PieceIDs {
    /// The ids of pieces, which are their places; a piece that stands twice is an issue.
    static func byPlace(_ pieces: [String], _ file: String, _ issues: inout IssueList) -> [Piece: Int] {
        var ids: [Piece: Int] = [:]
        ids.reserveCapacity(pieces.count)
        for (id, piece) in pieces.enumerated() {
            if let earlier = ids.updateValue(id, forKey: Piece(piece)) {
                issues.add(file, "the piece \(quoted(piece)) has two ids, \(earlier) and \(id)")
            }
        }
        return ids
    }
}
