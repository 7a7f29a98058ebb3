import Diorama
import DioramaNodes
import DioramaTestSupport
import FoundationEssentials
import Testing

/// Patterns and replacements as Python's `re` has them (`tools/golden/text_nodes.py`), and their bounds.
@Suite struct PatternTests {
    let golden: JSON

    init() throws { golden = try JSON(parsing: Golden.data("nodes/text.json")) }

    private func records(_ list: String, _ count: Int) throws -> [JSON] {
        let records = try #require(golden[list]?.array)
        #expect(records.count == count)
        return records
    }

    private func options(_ record: JSON) -> PatternOptions {
        let flags = record["flags"]?.string ?? ""
        return PatternOptions(
            ignoresCase: flags.contains("i"), multiline: flags.contains("m"), dotAll: flags.contains("s"))
    }

    @Test func patternsFitWherePythonFindsThem() throws {
        for record in try records("patterns", 237) {
            let text = Array(try #require(record["text"]?.string).unicodeScalars)
            let pattern: PythonPattern
            do {
                pattern = try PythonPattern(try #require(record["pattern"]?.string), options(record))
            } catch {
                #expect(record["error"] == true, "\(record.text()): \(error)")
                continue
            }
            #expect(record["error"] == nil, "\(record.text()) is refused by Python")
            var found: [JSON] = []
            try pattern.matches(in: text) { match in
                let ranges = match.ranges.map { range -> JSON in
                    guard let range else { return .null }
                    return [.integer(range.lowerBound), .integer(range.upperBound)]
                }
                found.append(.array(ranges))
                return true
            }
            #expect(JSON.array(found) == record["matches"], "\(record.text())")
            #expect(
                try pattern.firstMatch(in: text)?.range.lowerBound == record["matches"]?[0]?[0]?[0]?.integer)
        }
    }

    @Test func replacementsAreThoseOfPython() throws {
        for record in try records("replacements", 99) {
            let (pattern, text) = (record["pattern"]?.string ?? "", record["text"]?.string ?? "")
            let scalars = Array(text.unicodeScalars)
            do {
                let pattern = try PythonPattern(pattern)
                let replacement = try PatternReplacement(record["replacement"]?.string ?? "", for: pattern)
                var result = String.UnicodeScalarView()
                var (end, left) = (0, record["count"]?.integer ?? 0)
                try pattern.matches(in: scalars) { match in
                    result.append(contentsOf: scalars[end..<match.range.lowerBound])
                    result.append(contentsOf: replacement(match, in: scalars))
                    end = match.range.upperBound
                    left -= 1
                    return left != 0
                }
                result.append(contentsOf: scalars[end...])
                #expect(String(result) == record["out"]?.string, "\(record.text())")
            } catch {
                #expect(record["error"] == true, "\(record.text()): \(error)")
            }
        }
    }

    @Test(
        "a pattern that could run for ever ends with an error",
        arguments: [
            "(a+)+b", "(a*)*b", "(a|a)*b", "(a|aa)+b", "(?:a+){2,50}b", "(.*)*x", "(a?){50}b", "(?=(a+)+b)",
            "^(([a-z])+.)+[A-Z]([a-z])+$", "(\\w*)*\\d(\\1)*",
        ])
    func hostilePatterns(text: String) throws {
        let pattern = try PythonPattern(text)
        let letters = Array(String(repeating: "a", count: 5000).unicodeScalars)
        #expect(throws: PatternTooSlow.self) { try pattern.firstMatch(in: letters) }
    }

    @Test func aSearchCanBeEnded() throws {
        struct Ended: Error {}
        let pattern = try PythonPattern("(a+)+b")
        let letters = Array(String(repeating: "a", count: 5000).unicodeScalars)
        #expect(throws: Ended.self) { try pattern.firstMatch(in: letters) { throw Ended() } }
    }

    @Test func longTextsAreSearched() throws {
        let letters = Array(String(repeating: "a b🦊", count: 100_000).unicodeScalars)
        for (text, count) in [("🦊", 100_000), (".+$", 1), ("(?s).*", 2), ("\\w+", 200_000), ("(?:a b🦊)+", 1)]
        {
            var found = 0
            try PythonPattern(text).matches(in: letters) { _ in
                found += 1
                return true
            }
            #expect(found == count, "\(text)")
        }
    }

    @Test(
        "a pattern that is too large or too deep is a sentence",
        arguments: [
            ("(?:ab){1000000}", "the pattern is too large: its repetitions come to more than 100000 steps"),
            (
                "(((a{2,999}b){999}){999}){999}",
                "the pattern is too large: its repetitions come to more than 100000 steps"
            ),
            (
                "(?:\\b){4000000000}",
                "the pattern is too large: its repetitions come to more than 100000 steps"
            ),
            (
                String(repeating: "(", count: 100_000),
                "groups stand more than 100 deep in one another at position 100"
            ),
        ])
    func largePatterns(text: String, message: String) {
        let error = #expect(throws: PatternError.self) { try PythonPattern(text) }
        #expect(error?.description == message)
    }

    @Test func whatIsWrongIsSaidAsPythonSaysIt() {
        for (text, message) in [
            ("a(b", "missing ), unterminated subpattern at position 1"),
            ("a)", "unbalanced parenthesis at position 1"),
            ("ab[c", "unterminated character set at position 2"), ("a**", "multiple repeat at position 2"),
            ("*", "nothing to repeat at position 0"), ("a\\", "bad escape (end of pattern) at position 1"),
            ("[z-a]", "bad character range z-a at position 1"),
            ("(?P<a>)(?P=b)", "unknown group name 'b' at position 11"),
            ("\\2", "invalid group reference 2 at position 1"),
            ("(?<=a*)b", "look-behind requires fixed-width pattern at position 0"),
            ("\\N{DASH}", "characters by name are not known here; write \\u and four digits at position 0"),
        ] {
            let error = #expect(throws: PatternError.self) { try PythonPattern(text) }
            #expect(error?.description == message)
        }
    }
}
