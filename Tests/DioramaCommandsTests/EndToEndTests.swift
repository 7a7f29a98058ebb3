import DioramaCommands
import DioramaGraph
import DioramaImage
import Foundation
import Testing

/// What users meet: the built command, real graphs, the small model.
@Suite(.serialized) struct EndToEndTests {
    private let workshop: Workshop

    init() throws { workshop = try Workshop() }

    /// The text-to-image graph with few steps, and more arguments.
    private func render(_ arguments: String...) throws -> Ending {
        try Binary(["render", "graphs/text-to-image.json", "--steps", "2"] + arguments, in: workshop.url)
            .end()
    }

    private func bytes(_ path: String) throws -> Data {
        try Data(contentsOf: workshop.url.appending(path: path))
    }

    @Test func rendersWithOptionsAndPrintsOnlyThePath() throws {
        let end = try render(
            "--prompt", "a castle", "--seed", "5", "--cfg", "3", "--size", "64x96", "-o", "castle.png")
        #expect(end.status == 0)
        #expect(end.errors.isEmpty)
        #expect(end.output == workshop.url.appending(path: "castle.png").path + "\n")
        let file = Array(try bytes("castle.png"))
        let info = try PNG.info(file)
        #expect(info.width == 64 && info.height == 96)
        let graph = try GraphFile(try #require(try PNG.readMetadata(file).prompt))
        #expect(graph["positive"]?.value(of: "text") == .literal("a castle"))
        #expect(graph["sampler"]?.value(of: "seed") == .literal(5))
    }

    @Test func thePictureDependsNeitherOnThreadsNorOnTheRun() throws {
        #expect(try render("--threads", "1", "-o", "one.png").status == 0)
        #expect(try render("--threads", "2", "-o", "two.png").status == 0)
        #expect(try render("--threads", "2", "-o", "again.png").status == 0)
        #expect(try bytes("one.png") == bytes("two.png"))
        #expect(try bytes("two.png") == bytes("again.png"))
    }

    @Test func theEndingDecidesTheFormatAndAPictureIsAGraph() throws {
        #expect(try render("-o", "first.jpg").status == 0)
        #expect(Array(try bytes("first.jpg").prefix(3)) == [0xFF, 0xD8, 0xFF])
        let end = try workshop.run("render", "first.jpg", "-o", "second.png")
        #expect(end.status == 0)
        #expect(ImageFormat(detecting: Array(try bytes("second.png"))) == .png)
        #expect(try render("-o", "third.png").status == 0)
        #expect(try bytes("second.png") == bytes("third.png"))
    }

    @Test func onlyRunsWhatANodeNeeds() throws {
        let end = try render("--only", "latent", "--json")
        #expect(end.status == 0)
        #expect(end.output.contains("\"latent\""))
        #expect(!end.output.contains("\"sampler\""))
        // By title; nothing behind it is saved.
        let decoded = try render("--only", "Size of the picture", "-o", "none.png")
        #expect(decoded.status == 0)
        #expect(decoded.output.isEmpty)
        #expect(decoded.errors == "diorama: no picture was saved; what ran ends at latent\n")
        #expect(workshop.names(in: ".").contains("none.png") == false)
        let wrong = try render("--only", "samplr")
        #expect(wrong.status == 64)
        #expect(
            wrong.errors.hasPrefix(
                "diorama: error: --only: the graph has no node 'samplr'; did you mean 'sampler'? Its nodes: checkpoint ("
            ))
    }

    @Test func readsAGraphFromStandardInputAndWritesIntoAFolder() throws {
        let graph = try bytes("graphs/text-to-image.json")
        let end = try workshop.run("render", "-", "--steps", "1", "-o", "pictures/", input: Array(graph))
        #expect(end.status == 0)
        #expect(workshop.names(in: "pictures") == ["text-to-image_00001_.png"])
    }

    @Test func anExistingPictureIsReplaced() throws {
        try Data("old".utf8).write(to: workshop.url.appending(path: "fox.png"))
        #expect(try render("-o", "fox.png").status == 0)
        #expect(ImageFormat(detecting: Array(try bytes("fox.png"))) == .png)
    }

    @Test func quietPrintsNothing() throws {
        let end = try render("--quiet", "-o", "fox.png")
        #expect(end.status == 0)
        #expect(end.output.isEmpty && end.errors.isEmpty)
    }

    @Test func jsonIsOneEventALine() throws {
        let end = try render("--json", "-o", "fox.png", "--repeat", "2")
        #expect(end.status == 0)
        let events = try end.output.split(separator: "\n").map { try JSON(parsing: $0.utf8) }
        let names = events.compactMap { $0["event"]?.string }
        #expect(names.count == events.count)
        #expect(names.first == "started" && names.last == "finished")
        #expect(events.filter { $0["event"] == "progress" && $0["step"] == 2 }.count == 2)
        #expect(events.last?["run"] == 2)
        #expect(
            events.first { $0["event"] == "artefact" }?["path"]?.string
                == workshop.url.appending(path: "fox.png").path)
    }

    @Test func theTraceHasNodesStepsAndOperations() throws {
        #expect(try render("--trace", "trace.json", "-o", "fox.png").status == 0)
        let events = try JSON(parsing: try bytes("trace.json"))["traceEvents"]?.array ?? []
        for category in ["node", "step", "block", "op"] {
            #expect(events.contains { $0["cat"]?.string == category && ($0["dur"]?.double ?? -1) > 0 })
        }
        #expect(events.filter { $0["cat"] == "step" }.count == 2)
        #expect(events.filter { $0["cat"] == "block" }.count == 2 * 7)
    }
}
