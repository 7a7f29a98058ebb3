import Diorama
import DioramaTensor
import DioramaTestSupport
import FoundationEssentials
import Testing

/// The nodes on texts against Python (`tools/golden/text_nodes.py`), and what they refuse.
@Suite struct TextNodeTests {
    let bench: Workbench
    let golden: JSON

    init() throws {
        bench = try Workbench()
        golden = try JSON(parsing: Golden.data("nodes/text.json"))
    }

    @Test(
        "a node gives what Python gives",
        arguments: [
            "StringConcatenate", "StringSubstring", "StringLength", "CaseConverter", "StringTrim",
            "StringReplace", "StringContains", "StringCompare", "JsonExtractString",
        ])
    func matches(className: String) async throws {
        let records = try #require(golden["nodes"]?.array).filter { $0["node"]?.string == className }
        #expect(records.count >= 3)
        for record in records {
            let value: AnyValue = try await output(className, try #require(record["inputs"]?.object))
            #expect((value.value as? any LiteralValue)?.json == record["out"], "\(record.text())")
        }
    }

    /// The first output of a node, whatever its type.
    private func output(_ className: String, _ literals: JSON.Object) async throws -> AnyValue {
        let result = try await bench.run(className, literals)
        if let text = result.value("node", output: 0, as: String.self) { return AnyValue(text) }
        if let number = result.value("node", output: 0, as: Int.self) { return AnyValue(number) }
        let truth: Bool? = result.value("node", output: 0, as: Bool.self)
        return AnyValue(try #require(truth as Bool?))
    }

    @Test func aTextThatDoublesWithoutEndIsASentence() async throws {
        let half = String(repeating: "a", count: 1 << 23)
        let sentence = "would make a text of more than 16777216 characters, which no text may have"
        let whole: String = try await bench.output(
            of: "StringConcatenate", ["delimiter": ""], given: ["string_a": half, "string_b": half])
        #expect(whole.utf8.count == 1 << 24)
        #expect(
            await bench.failure(of: "StringConcatenate", ["string_b": "a"], given: ["string_a": whole])
                == "node (StringConcatenate): string_a " + sentence)
        #expect(
            await bench.failure(
                of: "StringReplace", ["find": "a"], given: ["string": half, "replace": half])
                == "node (StringReplace): replace " + sentence)
        #expect(
            await bench.failure(
                of: "RegexReplace", ["regex_pattern": "a"], given: ["string": half, "replace": half])
                == "node (RegexReplace): replace " + sentence)
        let long: String = try await bench.output(
            of: "StringReplace", ["find": .string(String(repeating: "a", count: 5000) + "b"), "replace": ""],
            given: ["string": half])
        #expect(long == half)
    }

    // MARK: Patterns

    private func extract(_ text: String, _ pattern: String, _ mode: String, group: Int = 1) async throws
        -> String
    {
        try await bench.output(
            of: "RegexExtract",
            [
                "string": .string(text), "regex_pattern": .string(pattern), "mode": .string(mode),
                "group_index": .integer(group),
            ])
    }

    @Test func extractsAsComfyUIDoes() async throws {
        let text = "Fox 12, fox 7, FOX x"
        // re.search(...).group(0), "\n".join(re.findall(...)), re.search(...).group(n), and group n of re.finditer(...)
        #expect(try await extract(text, "fox \\d+", "First Match") == "Fox 12")
        #expect(try await extract(text, "fox \\d+", "All Matches") == "Fox 12\nfox 7")
        #expect(try await extract(text, "(fox) (\\d+)", "All Matches") == "Fox\nfox")
        #expect(try await extract(text, "fox (\\d+)", "First Group") == "12")
        #expect(try await extract(text, "fox (\\d+)", "First Group", group: 0) == "Fox 12")
        #expect(try await extract(text, "fox (\\d+)", "First Group", group: 2) == "")
        #expect(try await extract(text, "(fox) (\\d+)", "All Groups", group: 2) == "12\n7")
        #expect(try await extract(text, "(fox) \\d+", "All Groups", group: 0) == "Fox 12\nfox 7")
        #expect(try await extract(text, "fox \\d+", "All Groups", group: 0) == "")
        #expect(try await extract(text, "wolf", "All Matches") == "")
        #expect(try await extract(text, "fox( \\d+)?", "All Groups") == " 12\n 7\n")
        #expect(try await extract(text, "fox (", "First Match") == "")
    }

    @Test func matchesAndReplacesWithItsFlags() async throws {
        func matches(_ pattern: String, _ flags: JSON.Object = [:]) async throws -> Bool {
            var literals: JSON.Object = ["string": "one\nTWO", "regex_pattern": .string(pattern)]
            for (name, value) in flags { literals[name] = value }
            return try await bench.output(of: "RegexMatch", literals)
        }
        #expect(try await matches("two"))
        #expect(try await matches("two", ["case_insensitive": false]) == false)
        #expect(try await matches("^two") == false)
        #expect(try await matches("^two", ["multiline": true]))
        #expect(try await matches("one.two") == false)
        #expect(try await matches("one.two", ["dotall": true]))
        #expect(try await matches("two(") == false)
        let replaced: String = try await bench.output(
            of: "RegexReplace",
            ["string": "Fox fox FOX", "regex_pattern": "(f)ox", "replace": "\\1\\g<0>", "count": 2])
        #expect(replaced == "FFox ffox FOX")
    }

    @Test func aPatternThatCannotBeReadIsSaid() async throws {
        #expect(
            await bench.failure(
                of: "RegexReplace", ["string": "a", "regex_pattern": "a(", "replace": ""])
                == "node (RegexReplace): regex_pattern cannot be read: missing ), unterminated subpattern at position 1"
        )
        #expect(
            await bench.failure(
                of: "RegexReplace", ["string": "a", "regex_pattern": "a", "replace": "\\1"])
                == "node (RegexReplace): replace cannot be read: invalid group reference 1 at position 0")
        for className in ["RegexMatch", "RegexExtract", "RegexReplace"] {
            var literals: JSON.Object = [
                "string": .string(String(repeating: "a", count: 3000)), "regex_pattern": "(a+)+b",
            ]
            if className == "RegexExtract" { literals["mode"] = "First Match" }
            if className == "RegexReplace" { literals["replace"] = "" }
            let message = await bench.failure(of: className, literals)
            #expect(
                message?.hasPrefix("node (\(className)): regex_pattern takes too long on this text") == true)
        }
    }

    /// What a node says to the user.
    private func notices(_ className: String, _ literals: JSON.Object, given: [String: any PortValue] = [:])
        async throws -> [String]
    {
        let recorder = Recorder()
        try await bench.run(className, literals, given: given) { event in
            if case .notice(_, let message) = event { recorder.append(message) }
        }
        return recorder.ids
    }

    @Test func whatComfyUIPassesOverIsNoted() async throws {
        #expect(
            try await notices("RegexMatch", ["string": "a", "regex_pattern": "["])
                == [
                    "regex_pattern cannot be read and finds nothing: unterminated character set at position 0"
                ])
        #expect(
            try await notices("JsonExtractString", ["json_string": "[1]", "key": "a"])
                == ["json_string holds a list, not an object; the result is empty"])
        #expect(
            try await notices("JsonExtractString", ["json_string": "{", "key": "a"]).first?
                .hasPrefix("json_string is not JSON, so the result is empty: line 1, column 2") == true)
        #expect(try await notices("JsonExtractString", ["json_string": "{}", "key": "a"]) == [])
    }
}
