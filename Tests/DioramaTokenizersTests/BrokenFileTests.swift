import DioramaTestSupport
import DioramaTokenizers
import Foundation
import Testing

/// Files that are missing, wrong or hostile end in a `TokenizerError` that says where and what.
@Suite struct BrokenFileTests {
    static let start = #""<|startoftext|>": 8, "<|endoftext|>": 9"#

    private func message(vocabulary: String, merges: String = "#version: 0.2\n") -> String {
        issues { try CLIPTokenizer(vocabulary: Data(vocabulary.utf8), merges: Data(merges.utf8)) }
    }

    private func message(tokenizerJSON text: String) -> String {
        issues { try CLIPTokenizer(tokenizerJSON: Data(text.utf8)) }
    }

    private func issues(_ load: () throws -> CLIPTokenizer) -> String {
        let error = #expect(throws: TokenizerError.self) { _ = try load() }
        return error?.description ?? ""
    }

    @Test func anEmptyFolderSaysWhatIsExpected() throws {
        let folder = try TemporaryFolder()
        #expect(
            issues { try CLIPTokenizer(directory: folder.url) }
                == "\(folder.url.path): expected tokenizer.json, or vocab.json and merges.txt; "
                + "there is no tokenizer.json and no vocab.json and no merges.txt")
    }

    @Test func missingMergesAreNamed() throws {
        let folder = try TemporaryFolder()
        try folder.write("{\(Self.start)}", to: "vocab.json")
        #expect(
            issues { try CLIPTokenizer(directory: folder.url) }.hasSuffix(
                "no tokenizer.json and no merges.txt"))
    }

    @Test func everyProblemOfAFolderIsReportedAtOnce() throws {
        let folder = try TemporaryFolder()
        try folder.write(#"{"a": 0, "b": 0, "c": -1}"#, to: "vocab.json")
        try folder.write("#version: 0.2\na b c\na x\n", to: "merges.txt")
        try folder.write(#"{"model_max_length": 1}"#, to: "tokenizer_config.json")
        let text = issues { try CLIPTokenizer(directory: folder.url) }
        for part in [
            "tokenizer_config.json: line 1, column 22: model_max_length is 1.0, expected a whole number from 2 to 65536",
            #"vocab.json: the id of "c" is -1.0, ids are whole numbers from 0 to 2147483647"#,
            #"vocab.json: the id 0 is given to "a" and to "b""#,
            "merges.txt: line 2: expected two pieces with one space between them",
            #"merges.txt: merge 1, "a x", needs pieces that the vocabulary lacks: "x", "ax""#,
            #"vocab.json: has no piece "<|startoftext|>", CLIP's bos_token"#,
        ] {
            #expect(text.contains(part), "\(text)")
        }
    }

    /// Whoever opened one of these to read it would wait for ever, or fill the memory.
    @Test(.timeLimit(.minutes(10)), arguments: ["tokenizer.json", "merges.txt", "tokenizer_config.json"])
    func whatIsNoFileIsNotRead(name: String) throws {
        let folder = try TemporaryFolder()
        try folder.write("{\(Self.start)}", to: "vocab.json")
        if name != "merges.txt" { try folder.write("", to: "merges.txt") }
        let url = folder.url.appending(path: name)
        #expect(mkfifo(url.path, 0o600) == 0)
        let text = issues { try CLIPTokenizer(directory: folder.url) }
        #expect(
            text.contains("\(url.path): cannot be read: it is a pipe, a socket or a device, not a file"))
        #expect(!text.contains("there is no"))
        try FileManager.default.removeItem(at: url)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
        #expect(
            issues { try CLIPTokenizer(directory: folder.url) }.contains(
                "\(url.path): cannot be read: it is a folder"))
        try FileManager.default.removeItem(at: url)
        try folder.write("", to: name)
        #expect(truncate(url.path, 1 << 40) == 0)
        #expect(
            issues { try CLIPTokenizer(directory: folder.url) }.contains(
                "\(url.path): cannot be read: it has more than 268435456 bytes"))
    }

    @Test func manyProblemsAreCounted() {
        let merges = (0..<1000).map { "a\($0) b" }.joined(separator: "\n")
        let lines = message(vocabulary: "{\(Self.start)}", merges: merges).split(separator: "\n")
        #expect(lines.count == TokenizerError.issueLimit + 1)
        #expect(lines.last == "merges.txt: and 980 more problems")
    }

    @Test func aModelOfAnotherTypeIsNamed() {
        #expect(
            message(tokenizerJSON: #"{"model": {"type": "Unigram", "vocab": []}}"#)
                .contains(#"line 1, column 20: the model's type is "Unigram", a CLIP tokenizer's is "BPE""#))
        #expect(message(tokenizerJSON: "{}").contains(#"tokenizer.json: has no "model""#))
        #expect(
            message(tokenizerJSON: #"{"model": {"type": "BPE", "end_of_word_suffix": "@@"}}"#)
                .contains(#"end_of_word_suffix is "@@", a CLIP tokenizer's is "</w>""#))
        #expect(
            message(tokenizerJSON: #"{"model": {"type": "BPE"}}"#).contains(#"the model has no "merges""#))
    }

    @Test(arguments: [
        ("", "line 1, column 1: expected an object, found the end of the text"),
        ("{", "line 1, column 2: expected a quoted name or '}', found the end of the text"),
        ("[]", "line 1, column 1: expected an object, found a list"),
        ("{\n\"a\" 1}", "line 2, column 5: expected ':', found '1'"),
        (#"{"a": 1,}"#, "expected a quoted name, found '}'"),
        (#"{"a": 1, 2}"#, "expected a quoted name, found '2'"),
        (#"{"a": 1 "b": 2}"#, "expected ',' or '}', found '\"'"),
        (#"{"a": "0"}"#, "line 1, column 7: expected a number, found a text"),
        (#"{"a": 1e999}"#, "expected a finite number, found 1e999"),
        (#"{"a": -}"#, "expected a digit, found '}'"),
        (#"{"a": NaN}"#, "expected a finite number, found NaN"),
        (#"{"a": 007}"#, "a number does not begin with 0"),
        (#"{"a": 0.5}"#, #"the id of "a" is 0.5"#),
        (#"{"a": 4294967296}"#, #"the id of "a" is 4294967296.0"#),
        (#"{"a": 99999999999999999999}"#, #"the id of "a" is 1e+20"#),
        (#"{"a": 1, "a": 2}"#, #"the piece "a" has two ids, 1 and 2"#),
        (#"{"a": 1} {}"#, "expected the end of the text, found '{'"),
        (#"{"a"#, "column 2: this quoted text has no closing '\"'"),
        (#"{"\"#, #"column 3: expected an escape such as \n, \" or \u00e9"#),
        (#"{"\u00"#, #"expected an escape such as \n, \" or \u00e9"#),
        (#"{"\q": 1}"#, #"expected an escape such as \n, \" or \u00e9"#),
        ("{\"a\nb\": 1}", "a line break or control character in a quoted text must be escaped"),
        ("{\"a\": nul}", "expected a number, found null"),
    ]) func brokenJSONIsLocated(text: String, problem: String) {
        let found = message(vocabulary: text)
        #expect(found.contains(problem), "\(found)")
    }

    @Test func deepNestingAndInvalidUTF8AreRefused() {
        let deep = #"{"x": "# + String(repeating: "[", count: 1_000_000)
        #expect(
            message(tokenizerJSON: deep).contains(
                "line 1, column 70: lists and objects are nested deeper than 64 levels"))
        let bytes = Data(#"{"a"#.utf8) + Data([0xFF]) + Data(#"": 1}"#.utf8)
        #expect(
            issues { try CLIPTokenizer(vocabulary: bytes, merges: Data()) }.contains(
                "line 1, column 4: the text is not UTF-8"))
    }

    /// Every file of the sample, cut and flipped at many places, loads or ends in a `TokenizerError`.
    @Test(arguments: ["tokenizer.json", "vocab.json", "merges.txt", "tokenizer_config.json"])
    func noDamageTraps(file: String) throws {
        let source = Goldens.model.appending(path: "tokenizer_2")
        let folder = try TemporaryFolder()
        let names =
            ["vocab.json", "merges.txt", "tokenizer_config.json"] + (file == "tokenizer.json" ? [file] : [])
        for name in names {
            try FileManager.default.copyItem(
                at: source.appending(path: name), to: folder.url.appending(path: name))
        }
        let whole = Array(try Data(contentsOf: source.appending(path: file)))
        var generator = SeededGenerator(7)
        for round in 0..<60 {
            var bytes = whole
            let place = Int.random(in: 0..<whole.count, using: &generator)
            if round % 2 == 0 {
                bytes.removeSubrange(place...)
            } else {
                bytes[place] ^= 1 << UInt8(round % 8)
            }
            try Data(bytes).write(to: folder.url.appending(path: file))
            do {
                let encoding = try CLIPTokenizer(directory: folder.url).encode("the sea! at 12")
                #expect(encoding.ids.count >= 2)
            } catch {
                #expect(!error.issues.isEmpty)
            }
        }
    }
}
