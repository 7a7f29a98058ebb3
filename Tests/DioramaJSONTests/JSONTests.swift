import DioramaJSON
import Testing

@Suite struct JSONTests {
    @Test func keepsOrderAndExactWholeNumbers() throws {
        let text =
            #"{"z": 18446744073709551615, "a": -9223372036854775808, "m": [1, 1.0, 1e0, true, null, "x"]}"#
        let json = try JSON(parsing: text.utf8)
        #expect(json.object?.keys == ["z", "a", "m"])
        #expect(json["z"] == .unsigned(.max))
        #expect(json["a"] == .integer(.min))
        #expect(json["m"] == [1, 1.0, 1.0, true, nil, "x"])
    }

    /// Expected text: `json.dumps` of Python 3.13.
    @Test func writesWhatPythonWrites() throws {
        let numbers: JSON = .array(
            [
                0, -0.0, 1, -1.5, 0.1, 1.0 / 3, 1e-4, 1e-5, 0.00012345, 123456.789, 1e15, 1e16, 1.5e16,
                123_456_789_012_345_680, 1e22, 1.7976931348623157e308, .leastNonzeroMagnitude, 2.5e-8,
                9_007_199_254_740_992,
                .nan, .infinity, -.infinity, 100, 1e100, 12_345_678_901_234_568, 0.000123456789012345,
            ].map(JSON.double))
        #expect(
            numbers.text() == """
                [0.0, -0.0, 1.0, -1.5, 0.1, 0.3333333333333333, 0.0001, 1e-05, 0.00012345, 123456.789, \
                1000000000000000.0, 1e+16, 1.5e+16, 1.2345678901234568e+17, 1e+22, 1.7976931348623157e+308, \
                5e-324, 2.5e-08, 9007199254740992.0, NaN, Infinity, -Infinity, 100.0, 1e+100, \
                1.2345678901234568e+16, 0.000123456789012345]
                """)
        let values: JSON = [
            "a": "é\n\t\"\\/\u{7F}\u{2028}😀\u{1}\u{8}\u{C}", "b": [], "c": [:],
            "d": [1, true, nil, .unsigned(.max)],
        ]
        #expect(
            values.text() == #"{"a": "\u00e9\n\t\"\\/\u007f\u2028\ud83d\ude00\u0001\b\f", "b": [], "c": {}, "#
                + #""d": [1, true, null, 18446744073709551615]}"#)
        #expect(try JSON(parsing: values.text().utf8) == values)
    }

    @Test func indentsForPeople() throws {
        let json: JSON = ["a": [1, [:]], "b": []]
        #expect(json.text(.pretty) == "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}")
        #expect(try JSON(parsing: json.text(.pretty).utf8) == json)
    }

    @Test func readsWhatPythonAllows() throws {
        let json = try JSON(
            parsing: "\u{FEFF}[NaN, Infinity, -Infinity, \"\\ud83d\\ude00\\ud83d!\"]\r\n".utf8)
        #expect(json[0]?.double?.isNaN == true)
        #expect(json[1] == .double(.infinity))
        #expect(json[2] == .double(-.infinity))
        #expect(json[3] == "😀\u{FFFD}!")
    }

    @Test(
        "says where and what",
        arguments: [
            ("", "line 1, column 1: the text is empty"),
            ("{\"a\": 1,\n \"b\" 2}", "line 2, column 6: expected ':', found '2'"),
            ("{\"é\": ]", "line 1, column 7: expected a value, found ']'"),
            ("[1, 2", "line 1, column 6: expected ',' or ']', found the end of the text"),
            ("[1,]", "line 1, column 4: expected a value, found ']'"),
            ("{\"a\": 1,}", "line 1, column 9: expected a quoted name, found '}'"),
            ("{a: 1}", "line 1, column 2: expected a quoted name or '}', found 'a'"),
            ("[01]", "line 1, column 2: a number does not begin with 0"),
            ("[1.]", "line 1, column 4: expected a digit, found ']'"),
            ("[-]", "line 1, column 3: expected a digit, found ']'"),
            ("\"abc", "line 1, column 1: this quoted text has no closing '\"'"),
            (
                "\"a\nb\"",
                "line 1, column 3: a line break or control character in a quoted text must be escaped"
            ),
            ("\"\\x\"", "line 1, column 2: expected an escape such as \\n, \\\" or \\u00e9"),
            ("\"\\u12g4\"", "line 1, column 2: expected an escape such as \\n, \\\" or \\u00e9"),
            ("nul", "line 1, column 1: expected a value, found 'n'"),
            ("{} {}", "line 1, column 4: expected the end of the text, found '{'"),
        ])
    func saysWhereAndWhat(text: String, message: String) {
        let error = #expect(throws: JSON.ParseError.self) { try JSON(parsing: text.utf8) }
        #expect(error?.description == message)
    }

    @Test func refusesWhatIsNotUTF8() {
        let latin1 = #expect(throws: JSON.ParseError.self) { try JSON(parsing: [0x22, 0xE9, 0x22]) }
        #expect(latin1?.description == "line 1, column 2: the text is not UTF-8")
        let utf16 = #expect(throws: JSON.ParseError.self) { try JSON(parsing: [0xFF, 0xFE, 0x7B, 0x00]) }
        #expect(utf16?.description == "line 1, column 1: the text is UTF-16; save it as UTF-8")
    }

    @Test func boundsDepthAndSize() throws {
        let deep = String(repeating: "[", count: 1_000_000)
        let tooDeep = #expect(throws: JSON.ParseError.self) { try JSON(parsing: deep.utf8) }
        #expect(
            tooDeep?.description == "line 1, column 513: lists and objects are nested deeper than 512 levels")
        let nested = String(repeating: "[", count: 512) + String(repeating: "]", count: 512)
        #expect(try JSON(parsing: nested.utf8).text() == nested)
        let tooLong = #expect(throws: JSON.ParseError.self) {
            try JSON(parsing: "[1, 2, 3]".utf8, limits: JSON.Limits(bytes: 8))
        }
        #expect(tooLong?.message == "the text has 9 bytes, more than the limit of 8")
    }

    @Test func tellsOfDuplicateKeys() throws {
        let text = "{\"a\": {\"x\": 1,\n  \"x\": 2}, \"a\": 3}"
        let (json, duplicates) = try JSON.parsed(text.utf8)
        #expect(json == ["a": 3])
        #expect(duplicates.map(\.key) == ["x", "a"])
        #expect(duplicates.map(\.path) == [["a"], []])
        #expect(duplicates.map(\.position.description) == ["line 2, column 3", "line 2, column 12"])
    }

    @Test func objectsSetReplaceAndRemove() {
        var object = JSON.Object((0..<40).map { ("k\($0)", JSON.integer($0)) })
        object["k3"] = "three"
        object["k5"] = nil
        object["new"] = 1
        #expect(object.count == 40)
        #expect(object["k3"] == "three")
        #expect(object["k5"] == nil)
        #expect(object["k39"] == 39)
        #expect(object.keys.prefix(6) == ["k0", "k1", "k2", "k3", "k4", "k6"])
        #expect(object.keys.last == "new")
    }

    /// Every prefix and every change of one byte ends in a value or an error, never in a trap.
    @Test func endsOnDamagedText() {
        let text = Array(#"{"a": [1, -2.5e3, "x\u00e9\ud83d\ude00", true, NaN], "b": {"c": null}}"#.utf8)
        var accepted = 0
        for length in text.indices where (try? JSON(parsing: text[..<length])) != nil { accepted += 1 }
        #expect(accepted == 0)
        for position in text.indices {
            for byte in [0x00, 0x22, 0x2C, 0x5B, 0x5C, 0x7B, 0x80, 0xFF] as [UInt8] {
                var damaged = text
                damaged[position] = byte
                if (try? JSON(parsing: damaged)) != nil { accepted += 1 }
            }
        }
        #expect(accepted > 0)
    }
}
