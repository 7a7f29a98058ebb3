import DioramaCommands
import DioramaGraph
import DioramaTensor
import Testing

@Suite struct TraceRecorderTests {
    private let origin = ContinuousClock.now

    private func at(_ milliseconds: Int) -> ContinuousClock.Instant { origin + .milliseconds(milliseconds) }

    /// The complete events of a trace, as name, row, start and duration in microseconds.
    private func spans(_ text: String) throws -> [String] {
        let events = try JSON(parsing: text.utf8)["traceEvents"]?.array ?? []
        return events.filter { $0["ph"] == "X" }.map { event in
            "\(event["name"]?.string ?? "") \(event["tid"] ?? .null) \(event["ts"] ?? .null) \(event["dur"] ?? .null)"
        }
    }

    @Test func nodesAndStepsAreCompleteEvents() throws {
        let trace = TraceRecorder(origin: origin)
        trace.nodeStarted("3", title: "KSampler", className: "KSampler", at: at(1))
        trace.stepFinished("3", step: 0, total: 2, at: at(2))
        trace.stepFinished("3", step: 1, total: 2, at: at(5))
        trace.stepFinished("3", step: 2, total: 2, at: at(9))
        trace.nodeFinished("3", outcome: "done", at: at(10))
        let text = trace.json(at: at(11))
        #expect(
            try spans(text) == [
                "KSampler 1 1000.0 9000.0", "step 1/2 1 2000.0 3000.0", "step 2/2 1 5000.0 4000.0",
            ])
    }

    @Test func aStepsBlocksLieInsideIt() throws {
        let trace = TraceRecorder(origin: origin)
        func block(_ index: Int, _ start: Int, _ end: Int) {
            trace.unitFinished(
                "3",
                WorkUnit(
                    kind: "block", name: "joint block \(index)", index: index, of: 2, start: at(start),
                    end: at(end)))
        }
        trace.nodeStarted("3", title: "KSampler", className: "KSampler", at: at(0))
        trace.stepFinished("3", step: 0, total: 1, at: at(2))
        block(0, 2, 4)
        block(1, 4, 8)
        trace.stepFinished("3", step: 1, total: 1, at: at(9))
        trace.nodeFinished("3", outcome: "done", at: at(10))
        let text = trace.json(at: at(11))
        // The step stands before the block that begins with it, so that viewers put the block inside.
        #expect(
            try spans(text) == [
                "KSampler 1 0.0 10000.0", "step 1/1 1 2000.0 7000.0", "joint block 0 1 2000.0 2000.0",
                "joint block 1 1 4000.0 4000.0",
            ])
        let events = try JSON(parsing: text.utf8)["traceEvents"]?.array ?? []
        let block = try #require(events.last { $0["cat"] == "block" })
        #expect(block["args"] == ["node": "3", "index": 1, "count": 2])
    }

    @Test func operationsHaveTheirShapesAndBytes() throws {
        let trace = TraceRecorder()
        let device = Device.cpu(threads: 1, observer: trace)
        let sum = Tensor([1 as Float, 2, 3], [3], on: device) + Tensor([4 as Float, 5, 6], [3], on: device)
        #expect(sum.floats() == [5, 7, 9])
        let events = try JSON(parsing: trace.json().utf8)["traceEvents"]?.array ?? []
        let operation = try #require(events.first { $0["cat"] == "op" })
        #expect(operation["ph"] == "X")
        #expect(operation["args"]?["shapes"]?.string?.contains("[3]") == true)
        #expect((operation["args"]?["bytes_allocated"]?.integer ?? 0) >= 12)
        #expect((operation["dur"]?.double ?? -1) > 0)
    }

    @Test func nodesThatOverlapHaveRowsOfTheirOwn() throws {
        let trace = TraceRecorder(origin: origin)
        trace.nodeStarted("a", title: "a", className: "A", at: at(0))
        trace.nodeStarted("b", title: "b", className: "B", at: at(1))
        trace.nodeFinished("a", outcome: "done", at: at(2))
        trace.nodeStarted("c", title: "c", className: "C", at: at(3))
        trace.nodeFinished("c", outcome: "done", at: at(4))
        trace.nodeFinished("b", outcome: "done", at: at(5))
        #expect(
            try spans(trace.json(at: at(6))) == ["a 1 0.0 2000.0", "b 2 1000.0 4000.0", "c 1 3000.0 1000.0"])
    }

    @Test func aNodeThatWasStoppedEndsWithTheTrace() throws {
        let trace = TraceRecorder(origin: origin)
        trace.nodeStarted("a", title: "a", className: "A", at: at(0))
        let text = trace.json(at: at(7))
        #expect(try spans(text) == ["a 1 0.0 7000.0"])
        #expect(text.contains(#""outcome": "stopped""#))
    }
}
