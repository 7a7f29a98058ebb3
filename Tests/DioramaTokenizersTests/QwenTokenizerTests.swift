import DioramaTestSupport
import DioramaTokenizers
import FoundationEssentials
import Testing

/// Ids of Hugging Face's tokenizers for a small byte-level BPE with Qwen's pipeline.
@Suite struct QwenTokenizerTests {
    let lines: QwenT5Goldens.Lines
    let tokenizer: QwenTokenizer

    init() throws {
        lines = try QwenT5Goldens.lines()
        tokenizer = try QwenTokenizer(tokenizerJSON: QwenT5Goldens.data("qwen.json"))
    }

    @Test func tokenizerJSONAgrees() {
        #expect(lines.rows.count > 300)
        for row in lines.rows {
            #expect(tokenizer.tokens(row.text) == row.qwen, "\(row.text.debugDescription)")
        }
    }

    @Test func otherSettingsAgree() throws {
        for (index, variant) in lines.variants.enumerated() where variant.file == "qwen" {
            let tokenizer = try QwenTokenizer(tokenizerJSON: variant.data())
            for row in lines.rows {
                let expected = row.variants[index] ?? row.qwen
                #expect(
                    tokenizer.tokens(row.text) == expected, "\(variant.name): \(row.text.debugDescription)")
            }
        }
    }

    @Test func specialTokensHaveTheFilesIDs() throws {
        for token in try QwenT5Goldens.qwenFile().added_tokens {
            #expect(tokenizer.id(of: token.content) == token.id)
        }
        #expect(tokenizer.padID == tokenizer.id(of: "<|endoftext|>"))
        #expect(tokenizer.id(of: "the") == nil)
        #expect(tokenizer.vocabularyCount == tokenizer.id(of: "striptok").map { $0 + 1 })
    }

    @Test func vocabularyMergesAndAddedTokensGiveTheSameIDs() throws {
        let file = try QwenT5Goldens.qwenFile()
        let merges = try #require(file.model.merges).map { $0.joined(separator: " ") }
        let vocabulary = try JSONEncoder().encode(file.model.vocab)
        let added = Dictionary(uniqueKeysWithValues: file.added_tokens.map { ($0.content, $0.id) })
        let mergeLines = Data(("#version: 0.2\n" + merges.joined(separator: "\n") + "\n").utf8)
        let tokenizer = try QwenTokenizer(
            vocabulary: vocabulary, merges: mergeLines, addedTokens: JSONEncoder().encode(added))
        // added_tokens.json has no flags, so texts with tokens that have some are left out.
        try expectAgreement(tokenizer)

        let decoder = Dictionary(
            uniqueKeysWithValues: file.added_tokens.map {
                ("\($0.id)", ["content": $0.content, "special": "\($0.special)"])
            })
        var configuration = String(
            decoding: try JSONEncoder().encode(["added_tokens_decoder": decoder]), as: UTF8.self)
        for flag in ["true", "false"] {
            configuration = configuration.split(
                separator: #""special":"\#(flag)""#, omittingEmptySubsequences: false
            )
            .joined(separator: #""normalized":false,"special":\#(flag)"#)
        }
        configuration.removeLast()
        configuration += #", "pad_token": "<|im_end|>", "model_max_length": 131072, "unk_token": null}"#
        let configured = try QwenTokenizer(
            vocabulary: vocabulary, merges: mergeLines, configuration: Data(configuration.utf8))
        #expect(configured.padID == tokenizer.id(of: "<|im_end|>"))
        try expectAgreement(configured)

        let folder = try TemporaryFolder()
        try folder.write(String(decoding: vocabulary, as: UTF8.self), to: "vocab.json")
        try folder.write(String(decoding: mergeLines, as: UTF8.self), to: "merges.txt")
        try folder.write(configuration, to: "tokenizer_config.json")
        try expectAgreement(QwenTokenizer(directory: folder.url))
    }

    @Test func arraysOfGGUFGiveTheSameIDs() throws {
        let file = try QwenT5Goldens.qwenFile()
        var tokens = file.model.vocab.sorted { $0.value < $1.value }.map(\.key)
        var types = Array(repeating: 1, count: tokens.count)
        for token in file.added_tokens.sorted(by: { $0.id < $1.id }) {
            tokens.append(token.content)
            types.append(token.special ? 3 : 4)
        }
        tokens.append("[PAD]")
        types.append(5)
        let merges = try #require(file.model.merges).map { $0.joined(separator: " ") }
        let pad = try #require(tokenizer.id(of: "<|im_start|>"))
        let arrays = try QwenTokenizer(tokens: tokens, merges: merges, types: types, padID: pad)
        #expect(arrays.padID == pad)
        #expect(arrays.vocabularyCount == tokens.count)
        try expectAgreement(arrays)
        #expect(try QwenTokenizer(tokens: tokens, merges: merges, types: types).padID == tokenizer.padID)
    }

    private func expectAgreement(_ other: QwenTokenizer) throws {
        let flagged = ["wordtok", "striptok", "tok"]
        let rows = lines.rows.filter { row in !flagged.contains { row.text.contains($0) } }
        #expect(rows.count > 200)
        for row in rows { #expect(other.tokens(row.text) == row.qwen, "\(row.text.debugDescription)") }
    }

    @Test func aLimitGivesTheFirstIDs() {
        for row in lines.rows {
            for limit in [-1, 0, 1, 3] {
                #expect(tokenizer.tokens(row.text, limit: limit) == Array(row.qwen.prefix(max(0, limit))))
            }
        }
        let endless = String(repeating: "the sea ", count: 2_000_000)
        #expect(
            tokenizer.tokens(endless, limit: 4) == Array(tokenizer.tokens("the sea the sea the").prefix(4)))
    }

    @Test func invalidUTF8BecomesReplacementCharacters() {
        #expect(tokenizer.tokens([0x61, 0xFF, 0x62]) == tokenizer.tokens("a\u{FFFD}b"))
        #expect(tokenizer.tokens([0xE2, 0x82]) == tokenizer.tokens("\u{FFFD}"))
    }

    /// Words, white space and punctuation across the end of the reader's buffer are what they are elsewhere.
    @Test func textAcrossTheReadingBufferIsWhole() {
        let filler = String(repeating: "q ", count: CLIPTokenizer.wordLimit / 2 - 4)
        for tail in ["it's \r\n\n  the   sea!!\n\n x", "'re'LL", "   \n  a", "e\u{301}'s <|im_end|>\n"] {
            let expected = tokenizer.tokens(tail)
            for shift in 0..<14 {
                let text = String(repeating: "z", count: shift) + " " + filler + "q" + tail
                #expect(Array(tokenizer.tokens(text).suffix(expected.count)) == expected)
            }
        }
    }

    @Test(.timeLimit(.minutes(10))) func hugeTextsEndSoon() {
        let count = 3 * CLIPTokenizer.wordLimit
        #expect(tokenizer.tokens(String(repeating: "z", count: count)).count > count / 8)
        #expect(
            tokenizer.tokens(String(repeating: " ", count: count) + "x").last == tokenizer.tokens(" x").last)
        let marks = tokenizer.tokens("e" + String(repeating: "\u{301}", count: 1_000_000))
        #expect(Array(marks.prefix(1)) == Array(tokenizer.tokens("\u{E9}\u{301}").prefix(1)))
        #expect(!tokenizer.tokens(String(repeating: "\n", count: count)).isEmpty)
        #expect(!tokenizer.tokens(String(repeating: "<|im_", count: count / 5)).isEmpty)
    }
}
