import DioramaTokenizers
import FoundationEssentials
import Testing

/// Ids of transformers' `CLIPTokenizer`; see `tools/golden/clip_tokenizer.py`.
@Suite struct StringTests {
    @Test func theFirstTokenizerOfTheSampleAgrees() throws {
        try expectIDs(of: Goldens.one(), \.one)
    }

    @Test("the second tokenizer, whose padding is \"!\", agrees") func theSecondTokenizerOfTheSampleAgrees()
        throws
    {
        try expectIDs(of: Goldens.two(), \.two)
    }

    @Test func vocabularyAndMergesGiveTheSameIDsAsTokenizerJSON() throws {
        let folder = Goldens.model.appending(path: "tokenizer")
        let tokenizer = try CLIPTokenizer(
            vocabulary: Data(contentsOf: folder.appending(path: "vocab.json")),
            merges: Data(contentsOf: folder.appending(path: "merges.txt")))
        try expectIDs(of: tokenizer, \.one)
    }

    @Test("the part of CLIP-L's vocabulary that the texts need gives the whole vocabulary's ids") func clipL()
        throws
    {
        let tokenizer = try CLIPTokenizer(directory: Goldens.folder.appending(path: "clip-l"))
        #expect(tokenizer.tokens("a photo of a cat") == [320, 1125, 539, 320, 2368])
        #expect((tokenizer.bosID, tokenizer.eosID, tokenizer.padID) == (49406, 49407, 49407))
        #expect(tokenizer.vocabularyCount == 49408)
        #expect(tokenizer.maxLength == 77)
        try expectIDs(of: tokenizer, \.large)
    }

    static let wholeVocabularyFolder = ProcessInfo.processInfo.environment["DIORAMA_CLIP_VOCABULARY"]

    /// Needs the folder that `tools/golden/clip_tokenizer.py --full` writes.
    @Test(.enabled(if: wholeVocabularyFolder != nil, "DIORAMA_CLIP_VOCABULARY names no folder"))
    func wholeVocabulary() throws {
        let folder = URL(filePath: try #require(Self.wholeVocabularyFolder))
        let clock = ContinuousClock()
        let start = clock.now
        let tokenizer = try CLIPTokenizer(directory: folder)
        print("CLIP-L loaded in \(clock.now - start), \(tokenizer.vocabularyCount) ids")
        try expectIDs(of: tokenizer, \.large)
    }

    struct CompositionRow: Decodable { let text, normalized: String }

    @Test func normalizationAgrees() throws {
        let rows: [CompositionRow] = try Goldens.rows("compositions.json")
        #expect(rows.count > 400)
        for row in rows {
            // Swift's == would take canonically equivalent texts for equal.
            #expect(
                Array(CLIPTokenizer.normalize(row.text).utf8) == Array(row.normalized.utf8),
                "\(row.text.debugDescription)")
        }
    }

    private func expectIDs(of tokenizer: CLIPTokenizer, _ expected: KeyPath<StringRow, [Int]>) throws {
        let rows = try Goldens.strings()
        #expect(rows.count > 400)
        for row in rows {
            #expect(row.tokens(tokenizer) == row[keyPath: expected], "\(row.name)")
        }
    }
}
