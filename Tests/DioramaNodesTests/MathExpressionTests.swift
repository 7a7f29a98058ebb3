import Diorama
import DioramaNodes
import DioramaTestSupport
import FoundationEssentials
import Testing

/// Expressions as Python's `eval` has them (`tools/golden/text_nodes.py`), and their bounds.
@Suite struct MathExpressionTests {
    /// The values that the golden expressions use.
    let values: [(name: String, value: MathValue)] = [
        ("a", .int(7)), ("b", .float(-2.5)), ("c", .int(3)), ("d", .bool(true)), ("e", .int(0)),
    ]

    private func evaluate(_ text: String) throws -> MathValue {
        try MathExpression(text).evaluate(values)
    }

    @Test func expressionsHaveTheValuesOfPython() throws {
        let golden = try JSON(parsing: Golden.data("nodes/text.json"))
        let records = try #require(golden["expressions"]?.array)
        #expect(records.count == 223)
        for record in records {
            let text = try #require(record["text"]?.string)
            guard let type = record["type"]?.string else {
                #expect(throws: MathError.self, "\(text)") { try evaluate(text) }
                continue
            }
            let found: MathValue
            do {
                found = try evaluate(text)
            } catch {
                Issue.record("\(text): \(error)")
                continue
            }
            switch (type, found) {
            case ("int", .int(let value)): #expect(value == record["value"]?.integer, "\(text)")
            case ("bool", .bool(let value)): #expect(value == record["value"]?.bool, "\(text)")
            case ("float", .float(let value)):
                let expected = try #require(record["value"]?.double)
                // The libraries of sin, log and pow may differ in the last digit.
                #expect(abs(value - expected) <= abs(expected) * 4e-16, "\(text): \(value)")
                #expect(value.sign == expected.sign, "\(text)")
            default: Issue.record("\(text) is \(found), not a value of type \(type)")
            }
        }
    }

    @Test func aValueIsANumberAWholeNumberAndATruth() throws {
        let half = try evaluate("-5 / 2")
        #expect(half.number == -2.5 && half.whole == -2 && half.isTrue)
        let none = try evaluate("a > 9")
        #expect(none.number == 0 && none.whole == 0 && !none.isTrue)
        #expect(try evaluate("1e300").whole == nil)
        #expect(try MathExpression("values[0]").evaluate([("z", .float(2))]) == .float(2))
    }

    @Test func whatIsWrongIsSaidWithItsPlace() {
        for (text, message) in [
            ("", "the expression is empty"),
            ("a +", "expected a number, a name or a parenthesis, found the end at position 3"),
            ("a b", "unexpected b at position 2"),
            ("(a", "expected ) to close the parenthesis, found the end at position 2"),
            ("2x", "2x is no number at position 0"), ("1 + a $", "unexpected $ at position 6"),
            ("a + q", "q is not known; there are a, b, c, d, e at position 4"),
            ("a / e", "division by zero at position 2"),
            ("sqrt(-1)", "sqrt of -1.0 is no number at position 0"),
            ("round", "round is a function; write round(...) at position 0"),
            ("sin(1, 2)", "sin takes 1, not 2 at position 0"),
            ("max(1)", "max takes a list or at least two numbers at position 0"),
            ("values[9]", "values has 5 numbers, and none at place 9 at position 6"),
            (
                "values",
                "the result is a list; values needs a place, as in values[0], or a function such as max"
            ),
            ("1e300 * 1e300", "the result is not a finite number: inf"),
            ("a if e", "expected else after the condition, found the end at position 6"),
        ] {
            #expect(throws: MathError.self) { try evaluate(text) }
            do { _ = try evaluate(text) } catch { #expect("\(error)" == message) }
        }
    }

    @Test(
        "whole numbers of more than 64 bits are an error",
        arguments: [
            "9223372036854775807 + 1", "-9223372036854775807 - 2", "9223372036854775807 * 2", "2 ** 63",
            "-(-9223372036854775807 - 1)",
            "(-9223372036854775807 - 1) // -1", "abs(-9223372036854775807 - 1)", "1 << 63", "int(1e19)",
            "round(1e19)", "3 ** 4000000",
            "round(9223372036854775807, -1)", "sum(9223372036854775807, 1)", "pow(10, 19)",
            "1 << 9223372036854775807",
        ])
    func longNumbers(text: String) {
        do {
            let value = try evaluate(text)
            Issue.record("\(text) is \(value)")
        } catch {
            #expect("\(error)".hasPrefix("a whole number becomes longer than 64 bits"), "\(text): \(error)")
        }
    }

    @Test func numbersAtTheEndsDoNotTrap() throws {
        let least = "(-9223372036854775807 - 1)"
        #expect(try evaluate(least + " % -1") == .int(0))
        #expect(try evaluate(least + " >> 99") == .int(-1))
        #expect(try evaluate("0 << 9223372036854775807") == .int(0))
        #expect(try evaluate("round(\(least), -30)") == .int(0))
        #expect(try evaluate("round(1.5, 9223372036854775807)") == .float(1.5))
        #expect(try evaluate("round(1.5, \(least))") == .float(0))
        #expect(throws: MathError.self) { try evaluate("values[\(least)]") }
        for value in [Double.nan, .infinity, -.infinity] {
            for text in [
                "z", "z + 1", "int(z)", "round(z)", "round(z, 2)", "z // 1", "sin(z)", "z ** 2", "min(z, 1)",
            ] {
                // No result that is not finite.
                if let result = try? MathExpression(text).evaluate([("z", .float(value))]) {
                    #expect(result.number.isFinite, "\(text)")
                }
            }
        }
    }

    @Test func powersAreBounded() {
        for text in ["2 ** 5000000", "5000000 ** 2", "2.0 ** 5000000", "pow(2.0, 5000)", "pow(1, -5000)"] {
            #expect(throws: MathError.self, "\(text)") { try evaluate(text) }
        }
    }

    @Test func longAndDeepExpressionsAreBounded() throws {
        let sum = String(repeating: "1+", count: 4999) + "1"
        #expect(try evaluate(sum) == .int(5000))
        for (deep, isAllowed) in [(30, true), (101, false), (4000, false)] {
            for text in [
                String(repeating: "(", count: deep) + "1" + String(repeating: ")", count: deep),
                String(repeating: "-", count: deep) + "1",
                String(repeating: "not ", count: min(deep, 2000)) + "1",
                String(repeating: "1**", count: min(deep, 3000)) + "1",
                String(repeating: "1 if 1 else ", count: min(deep, 800)) + "1",
                String(repeating: "abs(", count: min(deep, 1900)) + "1"
                    + String(repeating: ")", count: min(deep, 1900)),
            ] {
                if isAllowed {
                    #expect(throws: Never.self) { try evaluate(text) }
                } else {
                    #expect(throws: MathError.self) { try evaluate(text) }
                }
            }
        }
        do {
            _ = try evaluate(String(repeating: " ", count: 10_001))
            Issue.record("a long expression was read")
        } catch {
            #expect("\(error)" == "the expression has 10001 characters; at most 10000 are allowed")
        }
    }

    @Test func anyTextIsReadOrRefused() {
        var random = SeededGenerator(5)
        let pieces = [
            "a", "b", "e", "values", "1", "2.5", "True", "(", ")", "[", "]", ",", "+", "-", "*", "/", "//",
            "%", "**", "<", "==", "<<", ">>", "&",
            "~", "and", "or", "not", "in", "if", "else", "max(", "round(", "abs(", "9223372036854775807",
            "1e308", "🦊", ".", "0x", "_",
        ]
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 1...12, using: &random)).map { _ in
                pieces[Int.random(in: 0..<pieces.count, using: &random)]
            }.joined(separator: Bool.random(using: &random) ? " " : "")
            if let value = try? evaluate(text) { #expect(value.number.isFinite, "\(text)") }
        }
    }
}
