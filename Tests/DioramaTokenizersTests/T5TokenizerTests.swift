import DioramaTestSupport
import DioramaTokenizers
import FoundationEssentials
import Testing

/// Ids of Hugging Face's tokenizers and of SentencePiece for a small Unigram.
@Suite struct T5TokenizerTests {
    let lines: QwenT5Goldens.Lines
    let tokenizer: T5Tokenizer
    let spiece: T5Tokenizer

    init() throws {
        lines = try QwenT5Goldens.lines()
        tokenizer = try T5Tokenizer(tokenizerJSON: QwenT5Goldens.data("t5.json"))
        spiece = try T5Tokenizer(sentencePiece: QwenT5Goldens.data("spiece.model"))
    }

    @Test func tokenizerJSONAgrees() {
        #expect(lines.rows.count > 300)
        for row in lines.rows {
            #expect(tokenizer.tokens(row.text) == row.t5, "\(row.text.debugDescription)")
            #expect(tokenizer.encode(row.text) == row.t5 + [1])
        }
    }

    @Test func otherSettingsAgree() throws {
        #expect(lines.variants.count { $0.file == "t5" } == 5)
        for (index, variant) in lines.variants.enumerated() where variant.file == "t5" {
            let tokenizer = try T5Tokenizer(tokenizerJSON: variant.data())
            for row in lines.rows {
                let expected = row.variants[index] ?? row.t5
                #expect(
                    tokenizer.tokens(row.text) == expected, "\(variant.name): \(row.text.debugDescription)")
            }
        }
    }

    @Test func sentencePieceAgrees() {
        expectSentencePieceIDs(spiece)
    }

    @Test func arraysOfGGUFGiveTheSameIDs() throws {
        let pieces = try QwenT5Goldens.t5File().model.vocab
        var types = pieces.map { $0.text.hasPrefix("<0x") && $0.text.hasSuffix(">") ? 6 : 1 }
        types.replaceSubrange(0..<3, with: [3, 3, 2])
        let charsmap = try charsmap()
        let arrays = try T5Tokenizer(
            tokens: pieces.map(\.text), scores: pieces.map(\.score), types: types, charsmap: charsmap)
        #expect((arrays.padID, arrays.endID, arrays.unknownID) == (0, 1, 2))
        expectSentencePieceIDs(arrays)
        let bare = try T5Tokenizer(
            tokens: pieces.map(\.text), scores: pieces.map(\.score), types: types, charsmap: [],
            addsPrefix: false, dropsSpaces: false, unknownID: 2, endID: 0, padID: 1)
        #expect(bare.encode("\u{2581}the").last == 0)
        #expect(bare.tokens("\u{2581}the") == spiece.tokens("the"))
        #expect(bare.tokens(" the  sea ") == bare.tokens("\u{2581}the\u{2581}\u{2581}sea\u{2581}"))
        #expect(bare.tokens("the") != spiece.tokens("the"))
    }

    private func expectSentencePieceIDs(_ tokenizer: T5Tokenizer) {
        var count = 0
        for row in lines.rows {
            guard let expected = row.spiece else { continue }
            count += 1
            #expect(tokenizer.tokens(row.text) == expected, "\(row.text.debugDescription)")
        }
        #expect(count > 250)
    }

    /// The table of replacements that tokenizer.json carries.
    private func charsmap() throws -> [UInt8] {
        let text = String(decoding: try QwenT5Goldens.data("t5.json"), as: UTF8.self)
        let start = try #require(text.firstRange(of: #""precompiled_charsmap":""#))
        let base64 = text[start.upperBound...].prefix { $0 != "\"" }
        return Array(try #require(Data(base64Encoded: String(base64))))
    }

    @Test func specialTokensHaveTheFilesIDs() throws {
        #expect((tokenizer.padID, tokenizer.endID, tokenizer.unknownID) == (0, 1, 2))
        for token in try QwenT5Goldens.t5File().added_tokens {
            #expect(tokenizer.id(of: token.content) == token.id)
        }
        #expect(tokenizer.id(of: "the") == nil)
        // T5 adds its hundred tokens behind the pieces, the last first.
        let count = try QwenT5Goldens.t5File().model.vocab.count
        #expect(spiece.id(of: "<extra_id_99>") == count && spiece.id(of: "<extra_id_0>") == count + 99)
        #expect(spiece.vocabularyCount == count + 100)
        let mixed = spiece.tokens("the<extra_id_0> sea</s>")
        #expect(mixed == spiece.tokens("the") + [count + 99] + spiece.tokens("sea") + [1])
        #expect(
            try T5Tokenizer(sentencePiece: QwenT5Goldens.data("spiece.model"), extraIDs: 0).id(
                of: "<extra_id_0>")
                == nil)
    }

    @Test func aFolderHasOneOfTwoFiles() throws {
        let folder = try TemporaryFolder()
        try QwenT5Goldens.data("spiece.model").write(to: folder.url.appending(path: "spiece.model"))
        expectSentencePieceIDs(try T5Tokenizer(directory: folder.url))
        try QwenT5Goldens.data("t5.json").write(to: folder.url.appending(path: "tokenizer.json"))
        let text = "<extra_id_0>the sea"
        #expect(try T5Tokenizer(directory: folder.url).tokens(text) == tokenizer.tokens(text))
    }

    @Test func aLimitGivesTheFirstIDs() {
        for row in lines.rows {
            #expect(tokenizer.tokens(row.text, limit: 3) == Array(row.t5.prefix(3)))
            #expect(tokenizer.encode(row.text, limit: 3) == row.t5.prefix(2) + [1])
        }
        #expect(tokenizer.encode("the sea", limit: 0) == [1])
    }

    @Test func textAcrossTheReadingBufferIsWhole() {
        let filler = String(repeating: "q ", count: CLIPTokenizer.wordLimit / 2 - 4)
        for tail in [" the   sea  e\u{301}!!", " \u{2603}\u{2604} x", " <extra_id_0> masterpiece   "] {
            let expected = tokenizer.tokens("q" + tail).dropFirst()
            for shift in 0..<14 {
                let text = String(repeating: "z", count: shift) + " " + filler + "q" + tail
                #expect(Array(tokenizer.tokens(text).suffix(expected.count)) == Array(expected))
            }
        }
    }

    @Test(.timeLimit(.minutes(10))) func hugeTextsEndSoon() throws {
        let count = 3 * CLIPTokenizer.wordLimit
        for tokenizer in [tokenizer, spiece] {
            #expect(tokenizer.tokens(String(repeating: "z", count: count)).count > count / 16)
            #expect(
                tokenizer.tokens(String(repeating: " ", count: count) + "the") == tokenizer.tokens(" the"))
            #expect(!tokenizer.tokens("e" + String(repeating: "\u{301}", count: 1_000_000)).isEmpty)
            #expect(!tokenizer.tokens(String(repeating: "\u{2581}", count: count) + "x").isEmpty)
            #expect(!tokenizer.tokens(String(repeating: "\u{1F468}\u{200D}", count: count / 8)).isEmpty)
            #expect(tokenizer.tokens([0x61, 0xFF]) == tokenizer.tokens("a\u{FFFD}"))
        }
    }
}
