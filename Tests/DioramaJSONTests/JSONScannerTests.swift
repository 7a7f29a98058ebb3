import DioramaJSON
import Testing

@Suite struct JSONScannerTests {
    private typealias Problem = JSON.ParseError

    /// What a scanner says of a text; "none" when `read` takes it.
    private func complaint(
        _ text: String, as dialect: JSONScanner.Dialect = .python, limits: JSON.Limits = JSON.Limits(),
        _ read: (inout JSONScanner) throws(JSON.ParseError) -> Void
    ) -> String {
        do {
            var scanner = try JSONScanner(Array(text.utf8), as: dialect, limits: limits)
            try read(&scanner)
            try scanner.end()
            return "none"
        } catch {
            return error.description
        }
    }

    private func skip(_ scanner: inout JSONScanner) throws(JSON.ParseError) { try scanner.skip() }

    @Test func readsWhatIsAskedFor() throws {
        var scanner = try JSONScanner(
            Array(#" {"a": [1, -2.50, "é\n"], "b": true, "c": null, "a": {"d": 1e2}} "#.utf8))
        var keys: [String] = []
        try scanner.object { (scanner, key) throws(Problem) in
            keys.append(key)
            switch try scanner.kind() {
            case .array:
                var kinds: [JSONScanner.Kind] = []
                try scanner.array { (scanner) throws(Problem) in
                    let kind = try scanner.kind()
                    kinds.append(kind)
                    if kind == .string {
                        #expect(try scanner.string() == "é\n")
                    } else if kinds.count == 1 {
                        #expect(try scanner.integer() == 1)
                    } else {
                        #expect(try scanner.number() == "-2.50")
                    }
                }
                #expect(kinds == [.number, .number, .string])
            case .boolean: #expect(try scanner.boolean())
            case .null: try scanner.null()
            default:
                try scanner.object { (scanner, _) throws(Problem) in #expect(try scanner.double() == 100) }
            }
        }
        try scanner.end()
        #expect(keys == ["a", "b", "c", "a"])
    }

    /// Python's `float` of the same spelling.
    @Test(
        "rounds to the nearest double",
        arguments: [
            ("0", 0.0), ("123456789012345", 123_456_789_012_345), ("1234567890123456", 1_234_567_890_123_456),
            ("9007199254740993", 9_007_199_254_740_992), ("0.1", 0.1), ("1e-400", 0), ("-7", -7),
            ("179769313486231570000000000000000000000e270", 1.7976931348623157e308),
        ])
    func roundsToTheNearestDouble(text: String, value: Double) throws {
        var scanner = try JSONScanner(Array(text.utf8))
        #expect(try scanner.double() == value)
        try scanner.end()
    }

    @Test func tellsWhereValuesStand() throws {
        let text = Array(#"{"a" :  [1, {"b": 2}] , "c":"x"}"#.utf8)
        var scanner = try JSONScanner(text)
        var spellings: [String] = []
        try scanner.object { (scanner, _) throws(Problem) in
            try scanner.skip()
            spellings.append(
                String(decoding: text[scanner.valuePosition..<scanner.position], as: UTF8.self))
            #expect(text[scanner.keyPosition] == UInt8(ascii: "\""))
        }
        #expect(spellings == [#"[1, {"b": 2}]"#, #""x""#])
        #expect(scanner.wrong("so").description == "line 1, column 1: so")
        #expect(scanner.wrongKey("so").description == "line 1, column 25: so")
    }

    @Test func saysWhatWasAskedForAndWhatStandsThere() {
        #expect(
            complaint("[1,\n true]") { (scanner) throws(Problem) in
                try scanner.array { (scanner) throws(Problem) in _ = try scanner.integer() }
            } == "line 2, column 2: expected a number, found true or false")
        #expect(
            complaint("[\"é\", 1.5]") { (scanner) throws(Problem) in
                try scanner.array { (scanner) throws(Problem) in _ = try scanner.string() }
            } == "line 1, column 7: expected a text, found a number")
        #expect(
            complaint(" x") { (scanner) throws(Problem) in try scanner.null() }
                == "line 1, column 2: expected null, found 'x'")
        for (text, found) in [
            ("1.0", "1.0"), ("9223372036854775808", "9223372036854775808"),
            (String(repeating: "1", count: 60), String(repeating: "1", count: 40) + "…"),
        ] {
            #expect(
                complaint(text) { (scanner) throws(Problem) in _ = try scanner.integer() }
                    == "line 1, column 1: expected a whole number that fits 64 bits, found \(found)")
        }
        #expect(
            complaint("-1e999") { (scanner) throws(Problem) in _ = try scanner.double() }
                == "line 1, column 1: expected a finite number, found -1e999")
    }

    @Test(
        "the standard alone, where nothing more is wanted",
        arguments: [
            ("\u{FEFF}{}", "line 1, column 1: expected a value"),
            ("[NaN]", "line 1, column 2: expected a value, found 'N'"),
            ("[-Infinity]", "line 1, column 3: expected a digit, found 'I'"),
            (#"["\ud83d\ude00", "\ud83d!"]"#, "line 1, column 19: half a surrogate pair"),
            (#"["\ude00"]"#, "line 1, column 3: half a surrogate pair"),
            ("{\"a\": 1,\n \"b\": 2, \"a\": 3}", "line 2, column 10: the key \"a\" occurs twice"),
            (#"{"a": {"a": 1}, "b": {"a": 1}}"#, "none"),
        ])
    func strictly(text: String, problem: String) {
        #expect(
            complaint(text, as: .strict, skip).hasPrefix(problem), "\(complaint(text, as: .strict, skip))")
        #expect(complaint(text, skip) == "none")
    }

    @Test func locatesTheByteThatIsNotUTF8() throws {
        var scanner = try JSONScanner([0x22, 0xC3, 0xA9, 0x61, 0xC3, 0x22])
        let error = #expect(throws: JSON.ParseError.self) { try scanner.string() }
        #expect(error?.description == "line 1, column 4: the text is not UTF-8")
        #expect(error?.offset == 4)
    }

    /// A quadratic step anywhere takes hours on these.
    @Test(
        "takes time in proportion to hostile text", .timeLimit(.minutes(10)),
        arguments: [
            (String(repeating: "[", count: 4_000_000), "nested deeper than"),
            ("[" + String(repeating: "[],", count: 1_000_000), "found the end"),
            ("{" + String(repeating: "\"a\":0,", count: 1_000_000), "found the end"),
            ("{" + (0..<400_000).map { "\"\($0)\":0," }.joined(), "found the end"),
            ("\"" + String(repeating: "\\n", count: 2_000_000), "no closing"),
            ("\"" + String(repeating: "\\ud83d", count: 1_000_000), "no closing"),
            ("[" + String(repeating: "\n", count: 4_000_000), "found the end"),
            (String(repeating: "1", count: 4_000_000) + "x", "the end of the text"),
            ("0." + String(repeating: "3", count: 4_000_000) + "x", "the end of the text"),
        ])
    func takesTimeInProportion(text: String, problem: String) {
        #expect(complaint(text, skip).contains(problem))
        let error = #expect(throws: JSON.ParseError.self) { try JSON.parsed(text.utf8) }
        #expect(error?.message.contains(problem) == true)
    }

    @Test(.timeLimit(.minutes(10))) func manyKeysThatStandTwiceAreFoundInOnePass() throws {
        let lines = String(repeating: "\n\"a\": [0, 0, 0, 0],", count: 1_000_000)
        let (value, duplicates) = try JSON.parsed("{\(lines) \"b\": 1}".utf8)
        #expect(value.object?.keys == ["a", "b"])
        #expect(duplicates.count == 100)
        #expect(duplicates.last?.position.description == "line 102, column 1")
    }

    @Test func quotesForMessages() {
        #expect(quoted("a\"b\n\u{1}é") == "\"a\"b\\n\\u{01}é\"")
        #expect(quoted(String(repeating: "é", count: 80)) == "\"" + String(repeating: "é", count: 80) + "\"")
        #expect(quoted(String(repeating: "é", count: 81)) == "\"" + String(repeating: "é", count: 80) + "…\"")
    }
}
