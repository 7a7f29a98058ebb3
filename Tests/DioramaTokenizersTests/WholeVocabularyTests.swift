import DioramaTokenizers
import Foundation
import Testing

/// Whole vocabularies against Hugging Face and SentencePiece, from the folder that `tools/golden/tokenizer_lines.py` (in `make
/// tokenizers`) or `tools/golden/qwen_t5_tokenizers.py --compare` writes.
///
/// SentencePiece adds scores up in single precision, Hugging Face's tokenizers and Diorama in double. Of two ways to cut a word into
/// the same pieces it may therefore take the other; such lines are counted apart, for SentencePiece alone.
@Suite struct WholeVocabularyTests {
    static let folder = ProcessInfo.processInfo.environment["DIORAMA_TOKENIZER_VOCABULARIES"]

    struct Row: Decodable {
        let text: String
        let clip, qwen, t5: [Int]
        let spiece: [Int]?
    }

    @Test(.enabled(if: folder != nil, "DIORAMA_TOKENIZER_VOCABULARIES names no folder"))
    func wholeVocabularies() throws {
        let folder = URL(filePath: try #require(Self.folder))
        let file = try Data(contentsOf: folder.appending(path: "lines.json"))
        let rows = try JSONDecoder().decode(GoldenFile<Row>.self, from: file).rows
        #expect(rows.count == 10_000)
        let clip = try load("clip") { try CLIPTokenizer(directory: folder.appending(path: "clip")) }
        compare("clip", rows, clip.tokens, \.clip)
        for name in ["qwen", "qwen-json"] {
            let qwen = try load(name) { try QwenTokenizer(directory: folder.appending(path: name)) }
            compare(name, rows, { qwen.tokens($0) }, \.qwen)
        }
        let t5 = try load("t5") { try T5Tokenizer(directory: folder.appending(path: "t5")) }
        compare("t5", rows, { t5.tokens($0) }, \.t5)
        let spiece = try load("t5-spiece") {
            try T5Tokenizer(directory: folder.appending(path: "t5-spiece"))
        }
        compare("t5-spiece", rows, { spiece.tokens($0) }, \.spiece, allowsOtherOrder: true)
    }

    private func load<Tokenizer>(_ name: String, _ make: () throws -> Tokenizer) rethrows -> Tokenizer {
        let start = ContinuousClock.now
        let tokenizer = try make()
        print("\(name) loaded in \(ContinuousClock.now - start)")
        return tokenizer
    }

    private func compare(
        _ name: String, _ rows: [Row], _ tokens: (String) -> [Int], _ expected: (Row) -> [Int]?,
        allowsOtherOrder: Bool = false
    ) {
        let start = ContinuousClock.now
        var differing: [String] = []
        var (count, reordered) = (0, 0)
        for row in rows {
            guard let expected = expected(row) else { continue }
            count += 1
            let found = tokens(row.text)
            guard found != expected else { continue }
            if allowsOtherOrder, found.sorted() == expected.sorted() {
                reordered += 1
                continue
            }
            differing.append("\(row.text.debugDescription)\n  \(found)\n  \(expected)")
        }
        let ties = allowsOtherOrder ? " (\(reordered) in the order of pieces alone)" : ""
        print("\(name): \(differing.count) of \(count) lines differ\(ties), \(ContinuousClock.now - start)")
        for line in differing.prefix(12) { print(line) }
        #expect(differing.isEmpty && reordered * 1000 <= count, "\(name)")
    }
}
