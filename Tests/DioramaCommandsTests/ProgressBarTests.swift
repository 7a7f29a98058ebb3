import DioramaCommands
import Testing

@Suite struct ProgressLineTests {
    @Test func showsStepRateAndRemainingTime() {
        let state = ProgressState(title: "KSampler", step: 5, total: 20, secondsPerStep: 0.25, elapsed: 1.62)
        #expect(
            progressLine(state, columns: 100)
                == "KSampler  ━━━━━━━───────────────────────  5/20  4.0 it/s  3.8 s left  1.6 s")
    }

    @Test func slowStepsAreSecondsPerStep() {
        let state = ProgressState(title: "K", step: 1, total: 50, secondsPerStep: 75, elapsed: 80)
        #expect(progressLine(state, columns: 40) == "K  1/50  75.0 s/it  1:01:15 left  1:20")
    }

    @Test func aLongStepShowsItsPart() {
        let state = ProgressState(
            title: "K", step: 1, total: 50, unit: "block 7/24", secondsPerStep: 75, elapsed: 80)
        #expect(progressLine(state, columns: 52) == "K  1/50  block 7/24  75.0 s/it  1:01:15 left  1:20")
    }

    @Test func aNodeWithoutStepsShowsItsTitleAndTheTime() {
        #expect(
            progressLine(ProgressState(title: "Load Checkpoint", elapsed: 0.04), columns: 80)
                == "Load Checkpoint  0.0 s")
    }

    @Test func theLastStepHasNoTimeLeft() {
        let state = ProgressState(title: "K", step: 4, total: 4, secondsPerStep: 0.5, elapsed: 2)
        #expect(progressLine(state, columns: 33) == "K  ━━━━━━━  4/4  2.0 it/s  2.0 s")
    }

    @Test(arguments: 0...120) func neverWrapsTheTerminal(columns: Int) {
        let title = "A node whose title somebody made very long to see what happens"
        let state = ProgressState(title: title, step: 3, total: 1000, secondsPerStep: 2.5, elapsed: 4000)
        #expect(progressLine(state, columns: columns).count <= max(0, columns - 1))
    }

    @Test func stepsBeyondTheTotalAreClamped() {
        let state = ProgressState(title: "K", step: 9, total: 4, elapsed: 1)
        #expect(progressLine(state, columns: 24) == "K  ━━━━━━━━  4/4  1.0 s")
    }

    @Test func wideCharactersTakeTwoColumns() {
        let state = ProgressState(title: "日本語の題名", step: 1, total: 2, elapsed: 1)
        #expect(progressLine(state, columns: 28) == "日本語の題名  1/2  1.0 s")
        #expect(progressLine(state, columns: 32) == "日本語の題名  ━━───  1/2  1.0 s")
        #expect(progressLine(state, columns: 20) == "日本語…  1/2  1.0 s")
    }

    @Test func aTitleCannotMoveTheCursor() {
        let state = ProgressState(title: "a\nb\u{1B}[2J", elapsed: 1)
        #expect(progressLine(state, columns: 80) == #"a b\u{1B}[2J  1.0 s"#)
    }
}
