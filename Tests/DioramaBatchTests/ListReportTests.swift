import DioramaBatch
import DioramaTestSupport
import Foundation
import Testing

@Suite struct ListReportTests {
    private let workshop: Workshop

    init() throws { workshop = try Workshop() }

    private func check(
        _ list: String, _ change: (inout BatchOptions) -> Void = { _ in }
    ) throws -> ListReport {
        var options = BatchOptions()
        change(&options)
        return try workshop.batch("{}", options).check(PromptList(list))
    }

    @Test func aGoodListHasNoIssues() throws {
        let report = try check("a fox\na hill\n") { $0.count = 3 }
        #expect(report.lines == 2)
        #expect(report.items == 6)
        #expect(report.problems.isEmpty && report.warnings.isEmpty)
    }

    @Test func everyProblemIsFoundAtOnce() throws {
        let report = try check("prompt,seed,steps\na,1,2\nb,x,2\nc,1,0\nd,1\n")
        #expect(report.lines == 4)
        #expect(report.items == 1)
        #expect(report.problems.map(\.line) == [3, 4, 5])
        #expect(report.problemCount == 3)
    }

    @Test func likelyMistakesAreWarnings() throws {
        let list = """
            {"prompt": "a fox", "mood": "calm"}
            {"prompt": "  ", "stepps": 3}
            {"prompt": "a fox", "mood": "calm"}
            """
        #expect(
            try check(list).warnings.map(\.description) == [
                "line 2: the prompt is empty", "line 3: it repeats line 1 and is made once",
                "line 1: the name 'mood' says nothing here and is passed over; lists know prompt, negative, seed, steps, "
                    + "cfg, width, height, name and node.input",
                "line 2: the name 'stepps' says nothing here and is passed over; did you mean 'steps'?",
            ])
    }

    @Test func wildcardFilesThatAreMissingAreWarnings() throws {
        let folder = try TemporaryFolder()
        let report = try check("a __beast__") { $0.wildcards = Wildcards(folder: folder.url) }
        #expect(report.warnings.first?.description.hasPrefix("line 1: __beast__: there is no file") == true)
    }

    @Test func twoLinesMustNotHaveOneName() throws {
        let report = try check("prompt,name\na,fox\nb,Fox\nc,owl\n")
        #expect(
            report.problems.map(\.description) == [
                "line 3: its file would be called Fox, as that of line 2; name them apart, as with --name '{line}-{id}'"
            ])
    }

    @Test(arguments: [
        ("{prompt}", "a fox\na hill\na  Fox!\n", 1, "", "lines 1 and 3 one name, a-Fox; add {line} or {id}"),
        ("x", "a\nb\n", 2, "", "two pictures of line 1 one name, x; add {index}, {seed} or {id}"),
        (
            "{prompt}", "a b\na-b\n", 2, "",
            "two pictures of line 1 one name, a-b; add {index}, {seed} or {id}"
        ),
        ("{seed}", "a\n", 2, "steps=1,2", "two pictures of line 1 one name, 1; add {index} or {id}"),
        (
            "{seed}", "prompt,seed\na,1\nb,2\n", 2, "",
            "lines 2 and 3 one name, 2; add {line} or {id}"
        ),
        (
            "{line}{index}", (1...11).map { "\($0)\n" }.joined(), 11, "",
            "lines 1 and 11 one name, 111; add {line}, {seed} or {id}"
        ),
    ])
    func aPatternThatGivesTwoPicturesOneNameIsTold(
        pattern: String, list: String, count: Int, grid: String, sentence: String
    ) throws {
        let pattern = try NamePattern(pattern)
        let report = try check(list) {
            $0.namePattern = pattern
            $0.count = count
            $0.grid = [GridAxis(grid)].compactMap(\.self)
        }
        let clash = try #require(report.nameClash)
        #expect(clash.sentence(about: pattern) == "'\(pattern.text)' gives \(sentence)")
        #expect(report.nameClashCount > 0 && report.problems.isEmpty)
    }

    @Test(arguments: ["{id}", "{line}", "{item}", "{prompt}", "{prompt:1}-{seed}"])
    func aPatternThatTellsPicturesApartIsFine(pattern: String) throws {
        // The last line is the first again, and so is its picture.
        let report = try check("prompt,seed\nfox,1\nhill,1\nboat,2\nfox,1\n") {
            $0.namePattern = try? NamePattern(pattern)
        }
        #expect(report.nameClash == nil && report.problems.isEmpty)
    }

    @Test func theGridIsCheckedOnce() throws {
        let report = try check("a\nb\n") { $0.grid = [GridAxis("steps=1,0,2")].compactMap(\.self) }
        #expect(report.problems.map(\.line) == [1])
    }

    @Test func equalSentencesAreToldTogether() {
        let problems =
            [3, 5, 6, 7, 9, 10].map { ListProblem(line: $0, "the prompt is empty") } + [
                ListProblem(line: 4, "x")
            ]
        #expect(
            ListReport.sentences(problems) == ["lines 3, 5 to 7, 9, 10: the prompt is empty", "line 4: x"])
    }
}
