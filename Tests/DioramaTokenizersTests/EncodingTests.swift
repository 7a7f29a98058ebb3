import DioramaTestSupport
import DioramaTokenizers
import FoundationEssentials
import Testing

/// Truncation and padding of transformers' `CLIPTokenizer`; see `tools/golden/clip_tokenizer.py`.
@Suite struct EncodingTests {
    struct EncodingRow: Decodable {
        let text: String
        let length: Int?
        /// Ids, mask, and the number of the text's ids.
        let one, two: Expected

        struct Expected: Decodable {
            let ids, mask: [Int]
            let textCount: Int

            init(from decoder: any Decoder) throws {
                var values = try decoder.unkeyedContainer()
                ids = try values.decode([Int].self)
                mask = try values.decode([Int].self)
                textCount = try values.decode(Int.self)
            }
        }
    }

    @Test func bothTokenizersOfTheSampleAgree() throws {
        let (one, two) = try (Goldens.one(), Goldens.two())
        #expect(
            (one.bosID, one.eosID, one.padID, one.maxLength, one.vocabularyCount) == (746, 747, 747, 32, 748))
        #expect(
            (two.bosID, two.eosID, two.padID, two.maxLength, two.vocabularyCount) == (746, 747, 0, 32, 748))
        let rows: [EncodingRow] = try Goldens.rows("encodings.json")
        #expect(rows.count == 56)
        for row in rows {
            for (tokenizer, expected) in [(one, row.one), (two, row.two)] {
                let encoding = tokenizer.encode(row.text, length: row.length)
                #expect(encoding.ids == expected.ids)
                #expect(encoding.attentionMask == expected.mask)
                #expect(encoding.tokenCount == expected.mask.count { $0 == 1 })
                #expect(encoding.truncated == expected.textCount + 2 - encoding.tokenCount)
            }
        }
    }

    @Test(arguments: [-1, 0, 1]) func aLengthBelowTwoIsTwo(length: Int) throws {
        let encoding = try Goldens.one().encode("the sea", length: length)
        #expect(encoding.ids == [746, 747])
        #expect(encoding.truncated == 2)
    }

    struct FolderRow: Decodable, CustomTestStringConvertible {
        let name: String
        let keep: [String]
        let files: [String: String]
        let replace: [[String]]
        let bos, eos, pad: Int
        let maxLength: Int?
        let count, length: Int
        let texts: [String]
        let ids, encodings, masks: [[Int]]

        var testDescription: String { name }

        func folder() throws -> TemporaryFolder {
            let folder = try TemporaryFolder()
            for file in keep {
                let source = Goldens.model.appending(path: "tokenizer").appending(path: file)
                var text = String(decoding: try Data(contentsOf: source), as: UTF8.self)
                for pair in replace { text = text.replacing(pair[0], with: pair[1]) }
                try folder.write(text, to: file)
            }
            for (file, text) in files { try folder.write(text, to: file) }
            return folder
        }
    }

    @Test(arguments: try Goldens.rows("folders.json") as [FolderRow])
    func aFolderIsReadAsTransformersReadsIt(row: FolderRow) throws {
        let folder = try row.folder()
        let tokenizer = try CLIPTokenizer(directory: folder.url)
        #expect((tokenizer.bosID, tokenizer.eosID, tokenizer.padID) == (row.bos, row.eos, row.pad))
        #expect(tokenizer.maxLength == row.maxLength ?? 77)
        for (index, text) in row.texts.enumerated() {
            #expect(tokenizer.tokens(text) == row.ids[index], "\(text)")
            let encoding = tokenizer.encode(text, length: row.length)
            #expect(encoding.ids == row.encodings[index], "\(text)")
            #expect(encoding.attentionMask == row.masks[index], "\(text)")
        }
    }
}
