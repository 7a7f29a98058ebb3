import DioramaTestSupport
import DioramaTokenizers
import FoundationEssentials

/// The files under Tests/Golden/tokenizers, written by `tools/golden/clip_tokenizer.py`, and the tokenizers of
/// samples/models/diorama-tiny.
enum Goldens {
    static let folder = Golden.url("tokenizers")

    static let model = Repository.url("samples/models/diorama-tiny")

    static func one() throws -> CLIPTokenizer {
        try CLIPTokenizer(directory: model.appending(path: "tokenizer"))
    }

    static func two() throws -> CLIPTokenizer {
        try CLIPTokenizer(directory: model.appending(path: "tokenizer_2"))
    }

    static func strings() throws -> [StringRow] { try rows("strings.json") }

    static func rows<Row: Decodable>(_ name: String) throws -> [Row] {
        try JSONDecoder().decode(GoldenFile<Row>.self, from: Data(contentsOf: folder.appending(path: name)))
            .rows
    }
}

/// A golden file: what it is about, and its rows.
struct GoldenFile<Row: Decodable>: Decodable {
    let rows: [Row]
}

/// A text, or bytes that are no UTF-8, and its ids without start and end.
struct StringRow: Decodable {
    let text: String?
    let bytes: String?
    let one, two, large: [Int]

    func tokens(_ tokenizer: CLIPTokenizer) -> [Int] {
        if let text { return tokenizer.tokens(text) }
        let digits = Array(bytes ?? "")
        let utf8 = stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(digits[$0...($0 + 1)]), radix: 16)
        }
        return tokenizer.tokens(utf8)
    }

    var name: String { text.map(\.debugDescription) ?? "bytes \(bytes ?? "")" }
}
