import DioramaBatch
import DioramaTestSupport
import Foundation
import Testing

@Suite struct WildcardTests {
    private let wildcards = Wildcards()

    /// How often each result comes for many seeds.
    private func counts(_ text: String, _ wildcards: Wildcards, seeds: UInt64 = 3000) -> [String: Int] {
        (0..<seeds).reduce(into: [:]) { $0[wildcards.expanded(text, seed: $1), default: 0] += 1 }
    }

    @Test func theSeedDecides() {
        let text = "a {red|green|blue} {fox|owl} in {snow|rain}"
        for seed in [0, 1, 7, UInt64.max] {
            #expect(wildcards.expanded(text, seed: seed) == wildcards.expanded(text, seed: seed))
        }
        #expect(Set(counts(text, wildcards).keys).count == 12)
    }

    @Test func rolesChooseApart() {
        let differ = (0..<200).filter {
            wildcards.expanded("{a|b|c|d}", seed: $0, as: "prompt")
                != wildcards.expanded("{a|b|c|d}", seed: $0, as: "negative")
        }
        #expect((100...190).contains(differ.count))
    }

    @Test func partsAreEquallyLikely() {
        let counts = counts("{a|b|c}", wildcards)
        #expect(counts.keys.sorted() == ["a", "b", "c"])
        // Three standard deviations of 3000 throws are 77.
        for count in counts.values { #expect(abs(count - 1000) < 100) }
    }

    @Test func weightsCount() {
        let counts = counts("{3::a|b|0::never|1.5::c}", wildcards, seeds: 5500)
        #expect(counts["never"] == nil)
        #expect(abs((counts["a"] ?? 0) - 3000) < 150)
        #expect(abs((counts["b"] ?? 0) - 1000) < 120)
        #expect(abs((counts["c"] ?? 0) - 1500) < 130)
    }

    @Test func choicesNest() {
        #expect(
            Set(counts("{a {b|c}|d{e|}}!", wildcards).keys) == ["a b!", "a c!", "de!", "d!"])
    }

    @Test(arguments: [
        (#"a \{b\|c\} fox"#, "a {b|c} fox"), ("a {b} fox", "a {b} fox"),
        ("an open { brace | here", "an open { brace | here"),
        (#"{"subject": "fox", "n": [1]}"#, #"{"subject": "fox", "n": [1]}"#), ("}{", "}{"),
        ("__fox__", "__fox__"),
        (#"\\ and \(x:1.2\)"#, #"\\ and \(x:1.2\)"#), ("snake_case __", "snake_case __"),
        (#"\_\_fox__"#, "__fox__"),
        ("", ""), ("a | b", "a | b"),
    ])
    func whatIsNoChoiceStays(text: String, expected: String) {
        #expect(wildcards.expanded(text, seed: 5) == expected)
    }

    @Test func noWildcardsLeaveEverything() {
        #expect(Wildcards.none.expanded(#"{a|b} \{ __c__"#, seed: 1) == #"{a|b} \{ __c__"#)
    }

    @Test func hostileDepthEnds() {
        let deep = String(repeating: "{", count: 100_000) + "a|b" + String(repeating: "}", count: 100_000)
        #expect(wildcards.expanded(deep, seed: 1).count > 100_000)
    }

    @Test(.timeLimit(.minutes(1)), arguments: ["{", "{a|", "{1::", "{{}", "\\\\{"])
    func openBracesAreReadOnce(piece: String) {
        let text = String(repeating: piece, count: 200_000)
        #expect(wildcards.expanded(text, seed: 1).count >= 200_000)
    }

    @Test(.timeLimit(.minutes(1)))
    func filesThatMultiplyAreToldAndEnd() throws {
        let folder = try TemporaryFolder()
        for level in 0..<12 {
            let next = level == 11 ? String(repeating: "x", count: 100) : "__\(level + 1)__"
            try folder.write(
                Array(repeating: next, count: 8).joined(separator: " ") + "\n", to: "\(level).txt")
            try folder.write(
                Array(repeating: level == 11 ? "{|}" : "__e\(level + 1)__", count: 8).joined() + "\n",
                to: "e\(level).txt")
        }
        let wildcards = Wildcards(folder: folder.url)
        let workshop = try Workshop()
        for prompt in ["a __0__", "a __e0__"] {
            #expect(wildcards.expanded(prompt, seed: 1).utf8.count <= 1 << 20)
            var options = BatchOptions()
            options.wildcards = wildcards
            let report = try workshop.batch("{}", options).check(PromptList("a fox\n\(prompt)\n"))
            #expect(report.items == 1)
            #expect(
                report.problems.map(\.description) == [
                    "line 2: prompt: its choices make a text of more than 1048576 bytes, or are more than 10000"
                ])
        }
    }

    @Test func filesInACircleLeaveTheNameThatComesAgain() throws {
        let folder = try TemporaryFolder()
        try folder.write("a __two__\n", to: "one.txt")
        try folder.write("b __one__ __one__\n", to: "two.txt")
        #expect(Wildcards(folder: folder.url).expanded("__one__", seed: 3) == "a b __one__ __one__")
    }

    @Test func filesGiveTheirLines() throws {
        let folder = try TemporaryFolder()
        try folder.write("# animals\nfox\n\n2::{snow|wood} owl\n__bird/kind__\n", to: "animal.txt")
        try folder.write("robin\nwren\n", to: "bird/kind.txt")
        let wildcards = Wildcards(folder: folder.url)
        let counts = counts("a __animal__", wildcards, seeds: 4000)
        #expect(Set(counts.keys) == ["a fox", "a snow owl", "a wood owl", "a robin", "a wren"])
        #expect(abs((counts["a fox"] ?? 0) - 1000) < 120)
        #expect(wildcards.problems(in: "a {__animal__|x}").isEmpty)
    }

    @Test func wrongFilesAreNamed() throws {
        let folder = try TemporaryFolder()
        try folder.write("__loop__\n", to: "loop.txt")
        try folder.write("# nothing\n", to: "empty.txt")
        let wildcards = Wildcards(folder: folder.url)
        #expect(wildcards.problems(in: "__nobody__").first?.hasPrefix("__nobody__: there is no file") == true)
        #expect(wildcards.problems(in: "{a|__empty__}") == ["__empty__: empty.txt has no lines"])
        #expect(wildcards.problems(in: "__loop__") == ["__loop__ leads back to itself"])
        #expect(wildcards.problems(in: "__../loop__").first?.contains("must stay inside its folder") == true)
        #expect(wildcards.expanded("__loop__", seed: 1) == "__loop__")
        #expect(wildcards.expanded("__nobody__", seed: 1) == "__nobody__")
    }
}
