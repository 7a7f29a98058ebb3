import DioramaBatch
import DioramaTestSupport
import Foundation
import Testing

@Suite struct ListReaderTests {
    /// What a list says: for each line its number, and its fields or its problem.
    private func read(_ list: PromptList) throws -> [String] {
        var lines: [String] = []
        try list.forEach { entry in
            switch entry.record {
            case .success(let record):
                let fields = record.fields.map { field in
                    switch field.value {
                    case .text(let text): "\(field.name)=\(text)"
                    case .json(let json): "\(field.name):\(json.text())"
                    }
                }
                lines.append("\(entry.line) " + fields.joined(separator: "; "))
            case .failure(let problem): lines.append("\(entry.line) ! \(problem.message)")
            }
        }
        return lines
    }

    private func read(_ text: String, _ format: ListFormat? = nil) throws -> [String] {
        try read(PromptList(text, format: format))
    }

    // MARK: Text

    @Test func textHasAPromptALine() throws {
        let text = "a fox\n\n  # a comment\n\\# a hash\n\t a castle, at night \r\nlast"
        #expect(
            try read(text, .text) == [
                #"1 prompt:"a fox""#, ##"4 prompt:"# a hash""##, #"5 prompt:"a castle, at night""#,
                #"6 prompt:"last""#,
            ])
    }

    @Test func aByteOrderMarkIsNoPartOfTheText() throws {
        let list = PromptList([0xEF, 0xBB, 0xBF] + Array("a fox".utf8), format: .text)
        #expect(try read(list) == [#"1 prompt:"a fox""#])
    }

    @Test func bytesThatAreNotUTF8FailTheirLineAlone() throws {
        let list = PromptList(
            Array("a fox\ncaf".utf8) + [0xE9] + Array(" noir\na hill\n".utf8), format: .text)
        #expect(
            try read(list) == [
                #"1 prompt:"a fox""#, "2 ! it is not UTF-8 at its byte 4; save the list as UTF-8",
                #"3 prompt:"a hill""#,
            ])
    }

    @Test(arguments: [[UInt8](arrayLiteral: 0xFF, 0xFE), [0xFE, 0xFF]])
    func utf16IsNamed(mark: [UInt8]) throws {
        let error = try #require(
            #expect(throws: ListError.self) { try read(PromptList(mark + [0x61, 0], format: .text)) })
        #expect(error.description == "the list: it is UTF-16; save the list as UTF-8")
    }

    @Test func anEndlessLineIsOneProblem() throws {
        let long = [UInt8](repeating: UInt8(ascii: "x"), count: 3 << 20)
        let list = PromptList(Array("a fox\n".utf8) + long + Array("\na hill".utf8), format: .text)
        #expect(
            try read(list) == [
                #"1 prompt:"a fox""#, "2 ! it is longer than 1048576 bytes", #"3 prompt:"a hill""#,
            ])
    }

    // MARK: Cells

    @Test func cellsHaveTheNamesOfTheHeader() throws {
        let text = "Prompt, seed ,sampler.steps,mood\na fox,7,8,calm\n\"a hill, green\",,12,\n"
        #expect(
            try read(text, .csv) == [
                "2 prompt=a fox; seed=7; sampler.steps=8; mood=calm",
                "3 prompt=a hill, green; sampler.steps=12",
            ])
    }

    @Test func quotedCellsHoldAnything() throws {
        let text = "prompt,name\n\"say \"\"hi\"\"\nto, me\",one\r\n\"\",two\n"
        #expect(try read(text, .csv) == ["2 prompt=say \"hi\"\nto, me; name=one", "4 name=two"])
    }

    @Test func tabsDivideToo() throws {
        #expect(try read("prompt\tcfg\na fox, red\t3.5\n", .tsv) == ["2 prompt=a fox, red; cfg=3.5"])
    }

    @Test func wrongRowsFailAlone() throws {
        let text = "prompt,seed\na fox, red,7\na hill,8\n\"a\"b,9\n\"never\nclosed,10\n"
        #expect(
            try read(text, .csv) == [
                "2 ! it has 3 cells where the header has 2; a cell that holds a comma stands in double quotes",
                "3 prompt=a hill; seed=8",
                "4 ! cell 1 has text behind its closing quote; quotes inside a cell are written \"\"",
                "5 ! a cell's opening quote has no closing one; quotes inside a cell are written \"\"",
            ])
    }

    @Test(arguments: [
        ("a fox\na hill\n", "its first line names no input: expected some of prompt, negative, seed"),
        ("prompt,seed,prompt\na,1,b\n", "two columns are called 'prompt'"),
        ("pr\"ompt\"x,\"a\"b\n", "line 1: cell 2 has text behind its closing quote"),
    ])
    func aWrongHeaderEndsTheList(text: String, sentence: String) throws {
        let error = try #require(#expect(throws: ListError.self) { try read(text, .csv) })
        #expect(error.description.hasPrefix("the list: " + sentence), "\(error)")
    }

    /// RFC 4180 read back: whatever cells hold, quoting by its rules preserves them.
    @Test(arguments: 0..<40) func everyQuotedRowReadsBack(seed: UInt64) throws {
        var random = SmallRandom(seed)
        let alphabet: [String] = [",", "\"", "\n", " ", "a", "é", "🦊", "\u{301}", "\t", "x", "#", "{"]
        let rows = (0..<8).map { _ in
            (0..<3).map { _ in
                "c" + (0..<random.next(12)).map { _ in alphabet[random.next(alphabet.count)] }.joined()
            }
        }
        let text = rows.map { row in
            row.map { cell in
                "\"" + cell.unicodeScalars.map { $0 == "\"" ? "\"\"" : String($0) }.joined() + "\""
            }.joined(separator: ",")
        }
        let list = "prompt,negative,name\n" + text.joined(separator: "\r\n")
        let expected = rows.map { "prompt=\($0[0]); negative=\($0[1]); name=\($0[2])" }
        let found = try read(list, .csv).map { String($0.drop { $0 != " " }.dropFirst()) }
        #expect(found == expected)
    }

    // MARK: JSON

    @Test func objectsNest() throws {
        let text = """
            {"prompt": "a fox", "seed": 18446744073709551615, "sampler": {"steps": 8, "cfg": 2.5}}

            "only a text"
            {"save.x": {"__value__": [1]}, "name": 7}
            """
        #expect(
            try read(text, .jsonl) == [
                #"1 prompt:"a fox"; seed:18446744073709551615; sampler.steps:8; sampler.cfg:2.5"#,
                #"3 prompt:"only a text""#, #"4 save.x:{"__value__": [1]}; name:7"#,
            ])
    }

    @Test func wrongObjectsFailAlone() throws {
        let found = try read("{\"prompt\": }\n[1]\n{\"prompt\": \"a\"}\n", .jsonl)
        #expect(found[0].hasPrefix("1 ! it is not JSON: column 12: "), "\(found[0])")
        #expect(
            found[1]
                == #"2 ! expected an object, such as {"prompt": "a fox", "seed": 7}; found a list"#)
        #expect(found[2] == #"3 prompt:"a""#)
    }

    // MARK: Which format

    @Test(arguments: [
        ("a fox\nb", #"1 prompt:"a fox""#), ("a fox, red", #"1 prompt:"a fox, red""#),
        ("\n{\"prompt\": \"a\"}", #"2 prompt:"a""#), ("{red|blue} fox", #"1 prompt:"{red|blue} fox""#),
        ("name,prompt\nn,p", "2 name=n; prompt=p"),
        ("\"Seed\"\tsampler.steps\n1\t2", "2 seed=1; sampler.steps=2"),
        ("prompt\na, b", "2 ! it has 2 cells where the header has 1"),
    ])
    func theFormatIsGuessed(text: String, first: String) throws {
        let found = try read(text)
        #expect(found.first?.hasPrefix(first) == true, "\(found)")
    }

    @Test func theEndingDecides() throws {
        let folder = try TemporaryFolder()
        let text = "prompt,seed\na,1\n"
        #expect(try read(PromptList(contentsOf: folder.write(text, to: "l.csv"))) == ["2 prompt=a; seed=1"])
        #expect(try read(PromptList(contentsOf: folder.write(text, to: "l.txt"))).count == 2)
        #expect(try read(PromptList(contentsOf: folder.write(text, to: "list"))) == ["2 prompt=a; seed=1"])
    }

    @Test func aMissingListSaysSo() throws {
        let list = PromptList(contentsOf: URL(filePath: "/nowhere/list.txt"))
        let error = try #require(#expect(throws: ListError.self) { try read(list) })
        #expect(error.description == "list.txt: there is no such file")
    }

    @Test func anEmptyListHasNothing() throws {
        #expect(try read("").isEmpty)
        #expect(try read("\n \n# only this\n").isEmpty)
    }

    @Test(.timeLimit(.minutes(10))) func aStreamIsReadAsItComes() throws {
        let pipe = Pipe()
        let list = PromptList(descriptor: pipe.fileHandleForReading.fileDescriptor)
        #expect(list.isStream)
        try pipe.fileHandleForWriting.write(contentsOf: Data("one\ntwo\nthr".utf8))
        var seen: [Int] = []
        try list.forEach { entry in
            seen.append(entry.line)
            // The third line is there only after the second was taken.
            if entry.line == 2 {
                try pipe.fileHandleForWriting.write(contentsOf: Data("ee\n".utf8))
                try pipe.fileHandleForWriting.close()
            }
        }
        #expect(seen == [1, 2, 3])
    }
}

/// Small numbers, the same every time.
struct SmallRandom {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    /// A number from 0 to `limit - 1`.
    mutating func next(_ limit: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state >> 11) % limit
    }
}
