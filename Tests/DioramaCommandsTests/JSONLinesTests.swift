import DioramaCommands
import DioramaGraph
import FoundationEssentials
import Testing

@Suite struct JSONLinesTests {
    @Test func everyEventIsAnObjectOnALineOfItsOwn() throws {
        let recorded = Recorded()
        let start = ContinuousClock.now
        let lines = JSONLines(output: recorded.output, run: 1, of: 1, start: start)
        let node = NodeLabel(id: "3", title: "Sampler", className: "KSampler")
        let file = URL(filePath: "/tmp/a\nb.png")
        let events: [RunEvent] = [
            .started(nodes: 7), .cached([NodeLabel(id: "4", className: "Loader")]),
            .nodeStarted(node, lane: .compute, at: start + .seconds(1)), .progress(node, step: 2, total: 4),
            .nodeFinished(node, at: start + .seconds(4), duration: .seconds(3)),
            .artefact(Artefact(node: node, file: file)), .finished(.milliseconds(4500)),
        ]
        for event in events { lines.receive(event, at: start + .seconds(2)) }
        let objects = try recorded.lines.map { try JSON(parsing: $0.utf8) }
        #expect(
            objects.compactMap { $0["event"]?.string } == [
                "started", "cached", "node_started", "progress", "node_finished", "artefact", "finished",
            ])
        try #require(objects.count == 7)
        #expect(objects[0]["nodes"] == 7)
        #expect(objects[1]["nodes"] == ["4"])
        #expect(objects[2]["class_type"] == "KSampler")
        #expect(
            objects[3]
                == ["event": "progress", "node": "3", "step": 2, "total": 4, "time": 2.0, "rate": 2.0])
        #expect(objects[4]["seconds"] == 3.0)
        #expect(objects[5]["path"] == "/tmp/a\nb.png")
        #expect(objects[6]["seconds"] == 4.5)
        #expect((objects[6]["peak_memory_bytes"]?.integer ?? 0) > 1_000_000)
    }

    @Test func partsOfAStepAreToldWhereStepsAreLongAndOnceASecond() throws {
        let recorded = Recorded()
        let start = ContinuousClock.now
        let lines = JSONLines(output: recorded.output, run: 1, of: 1, start: start)
        let node = NodeLabel(id: "3", className: "KSampler")
        func block(_ index: Int, at seconds: Double) {
            let time = start + .seconds(seconds)
            let unit = WorkUnit(
                kind: "block", name: "joint block \(index)", index: index, of: 24, start: start, end: time)
            lines.receive(.unit(node, unit), at: time)
        }
        lines.receive(.nodeStarted(node, lane: .compute, at: start), at: start)
        lines.receive(.progress(node, step: 0, total: 2), at: start)
        for (index, time) in [0.2, 0.9, 1.1, 1.5, 2.2, 2.9].enumerated() { block(index, at: time) }
        lines.receive(.progress(node, step: 1, total: 2), at: start + .seconds(3))
        // Steps are known to be long now.
        block(6, at: 3.3)
        let units = try recorded.lines.map { try JSON(parsing: $0.utf8) }.filter { $0["event"] == "unit" }
        #expect(units.compactMap { $0["index"]?.integer } == [2, 4, 6])
        #expect(
            units.first
                == [
                    "event": "unit", "node": "3", "kind": "block", "name": "joint block 2", "index": 2,
                    "count": 24, "time": 1.1,
                ])
    }

    @Test func shortStepsHaveNoParts() throws {
        let recorded = Recorded()
        let start = ContinuousClock.now
        let lines = JSONLines(output: recorded.output, run: 1, of: 1, start: start)
        let node = NodeLabel(id: "3", className: "KSampler")
        lines.receive(.nodeStarted(node, lane: .compute, at: start), at: start)
        for step in 1...30 {
            let time = start + .milliseconds(step * 200)
            lines.receive(
                .unit(node, WorkUnit(kind: "block", name: "b", index: 0, of: 1, start: start, end: time)),
                at: time)
            lines.receive(.progress(node, step: step, total: 30), at: time)
        }
        #expect(!recorded.text.contains(#""unit""#))
    }
}
