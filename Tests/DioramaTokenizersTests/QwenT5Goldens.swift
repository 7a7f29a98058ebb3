import DioramaTestSupport
import DioramaTokenizers
import FoundationEssentials
import Testing

/// The files of Tests/Golden/tokenizers/qwen-t5, written by `tools/golden/qwen_t5_tokenizers.py`.
enum QwenT5Goldens {
    static let folder = Golden.url("tokenizers/qwen-t5")

    static func data(_ name: String) throws -> Data { try Data(contentsOf: folder.appending(path: name)) }

    static func lines() throws -> Lines { try JSONDecoder().decode(Lines.self, from: data("lines.json")) }

    struct Lines: Decodable {
        let variants: [Variant]
        let rows: [Row]
    }

    /// A file with other settings: what is replaced in it by what.
    struct Variant: Decodable {
        let file, name: String
        let replace: [[String]]

        func data() throws -> Data {
            var text = String(decoding: try QwenT5Goldens.data("\(file).json"), as: UTF8.self)
            for pair in replace {
                let parts = text.split(separator: pair[0], omittingEmptySubsequences: false)
                try #require(parts.count > 1, "\(name): \(pair[0])")
                text = parts.joined(separator: pair[1])
            }
            return Data(text.utf8)
        }
    }

    struct Row: Decodable {
        let text: String
        let qwen, t5: [Int]
        /// Nil where added tokens are in the text.
        let spiece: [Int]?
        /// Nil where they are the file's own.
        let variants: [[Int]?]
    }

    /// The parts of a tokenizer.json that the tests make other files of.
    struct TokenizerJSON<Vocabulary: Decodable>: Decodable {
        let model: Model<Vocabulary>
        let added_tokens: [Added]
    }

    struct Model<Vocabulary: Decodable>: Decodable {
        let vocab: Vocabulary
        let merges: [[String]]?
    }

    struct Added: Decodable {
        let id: Int
        let content: String
        let special: Bool
    }

    /// A piece and its score.
    struct Piece: Decodable {
        let text: String
        let score: Float

        init(from decoder: any Decoder) throws {
            var list = try decoder.unkeyedContainer()
            text = try list.decode(String.self)
            score = try list.decode(Float.self)
        }
    }

    static func qwenFile() throws -> TokenizerJSON<[String: Int]> {
        try JSONDecoder().decode(TokenizerJSON<[String: Int]>.self, from: data("qwen.json"))
    }

    static func t5File() throws -> TokenizerJSON<[Piece]> {
        try JSONDecoder().decode(TokenizerJSON<[Piece]>.self, from: data("t5.json"))
    }
}
