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
}
