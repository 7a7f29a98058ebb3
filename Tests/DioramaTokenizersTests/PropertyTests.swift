import DioramaTokenizers
import FoundationEssentials
import Testing

/// What holds for every text.
@Suite struct PropertyTests {
    let tokenizer: CLIPTokenizer

    init() throws { tokenizer = try Goldens.two() }

    @Test func anEncodingIsStartTextEndAndPadding() throws {
        for row in try Goldens.strings() {
            guard let text = row.text else { continue }
            let ids = tokenizer.tokens(text)
            for length in [2, 3, 10, 77] {
                let encoding = tokenizer.encode(text, length: length)
                let kept = ids.prefix(length - 2)
                #expect(encoding.ids.count == length)
                #expect(encoding.ids.prefix(kept.count + 2) == [746] + kept + [747])
                #expect(encoding.ids.dropFirst(kept.count + 2).allSatisfy { $0 == tokenizer.padID })
                #expect(encoding.truncated == ids.count - kept.count)
                #expect(encoding.attentionMask.count { $0 == 1 } == encoding.tokenCount)
            }
        }
    }

    @Test func idsAreInTheVocabulary() throws {
        for row in try Goldens.strings() {
            #expect(row.tokens(tokenizer).allSatisfy { (0..<tokenizer.vocabularyCount).contains($0) })
        }
    }

    /// The pieces of a text, put together, are its normalized words.
    @Test func nothingButWhiteSpaceIsLost() throws {
        let tokenizer = try Goldens.one()
        let file = Goldens.model.appending(path: "tokenizer/vocab.json")
        let vocabulary = try JSONDecoder().decode([String: Int].self, from: Data(contentsOf: file))
        var lengths: [Int: Int] = [:]
        for (piece, id) in vocabulary {
            lengths[id] = piece.unicodeScalars.count - (piece.hasSuffix("</w>") ? 4 : 0)
        }
        for row in try Goldens.strings() {
            guard let text = row.text, !text.contains("<|") else { continue }
            let visible = CLIPTokenizer.normalize(text).utf8.filter { $0 != 0x20 }.count
            #expect(tokenizer.tokens(text).reduce(0) { $0 + (lengths[$1] ?? 0) } == visible, "\(row.name)")
        }
    }

    @Test func normalizationOfNormalizedTextChangesNothing() throws {
        for row in try Goldens.strings() {
            // Lower case can leave form C: U+0130 becomes two scalars, and both stay.
            guard let text = row.text, !text.unicodeScalars.contains("\u{130}") else { continue }
            let once = CLIPTokenizer.normalize(text)
            #expect(Array(CLIPTokenizer.normalize(once).utf8) == Array(once.utf8), "\(row.name)")
        }
    }

    @Test func hugeTextsEndSoonAndAreCut() {
        let word = tokenizer.encode(String(repeating: "sailboat", count: 40_000))
        #expect(word.tokenCount == 32 && word.truncated > 0)
        let marks = tokenizer.encode("e" + String(repeating: "\u{301}", count: 70_000))
        #expect(Array(marks.ids.prefix(2)) == [746] + Array(tokenizer.tokens("\u{e9}\u{301}").prefix(1)))
        let space = tokenizer.encode(String(repeating: "\t", count: 300_000) + "the sea")
        #expect(Array(space.ids.prefix(4)) == [746] + tokenizer.tokens("the sea") + [747])
    }

    @Test func whatIsCutIsCountedUpToCountedLength() {
        let words = "the sea "
        let repeats = CLIPTokenizer.countedLength / words.count
        let expected = 2 * repeats - (tokenizer.maxLength - 2)
        #expect(tokenizer.encode(String(repeating: words, count: repeats)).truncated == expected)
        let longer = tokenizer.encode(String(repeating: words, count: 3 * repeats))
        #expect((expected...expected + 1).contains(longer.truncated))
        #expect(Array(longer.ids.prefix(3)) == [746] + tokenizer.tokens(words))
    }

    @Test("a word as long as the limit is encoded whole, a longer one in parts") func longWords() {
        let letter = tokenizer.tokens("zq")[0]
        let last = tokenizer.tokens("z")
        let whole = tokenizer.tokens(String(repeating: "z", count: CLIPTokenizer.wordLimit))
        #expect(whole.count == CLIPTokenizer.wordLimit)
        #expect(whole.dropLast().allSatisfy { $0 == letter } && Array(whole.suffix(1)) == last)
        let longer = tokenizer.tokens(String(repeating: "z", count: CLIPTokenizer.wordLimit + 100))
        #expect(longer.count == CLIPTokenizer.wordLimit + 100)
        #expect(longer.dropLast().allSatisfy { $0 == letter } && Array(longer.suffix(1)) == last)
    }

    @Test func textAcrossTheReadingBufferIsWhole() {
        let filler = String(repeating: "q ", count: CLIPTokenizer.wordLimit / 2 - 4)
        let tail = "it's <|ENDOFTEXT|> the sailboats"
        for shift in stride(from: 0, to: 40, by: 9) {
            let text = String(repeating: "z", count: shift) + " " + filler + tail
            let expected = tokenizer.tokens(tail)
            #expect(Array(tokenizer.tokens(text).suffix(expected.count)) == expected)
        }
    }
}
