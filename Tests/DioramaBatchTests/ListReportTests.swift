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
