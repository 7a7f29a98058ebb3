import DioramaCommands
import DioramaGraph
import DioramaTestSupport
import FoundationEssentials
import Testing

/// `diorama convert`, and workflows given to the other commands, on toy nodes.
@Suite struct ConvertTests {
    private let temporary: TemporaryFolder
    private var folder: URL { temporary.url }

    init() throws {
        temporary = try TemporaryFolder()
        try Data(Self.workflow.utf8).write(to: folder.appending(path: "workflow.json"))
    }

    private func run(_ arguments: String...) async throws -> Outcome {
        await diorama(arguments, in: folder, catalog: try Toy.catalog)
    }

    /// An empty latent, saved by way of a reroute.
    private static let workflow = """
        {"nodes": [
          {"id": 1, "type": "EmptyLatentImage", "title": "Size", "outputs": [{"type": "LATENT"}],
           "widgets_values": [640, 480]},
          {"id": 2, "type": "Reroute", "inputs": [{"name": "", "type": "*", "link": 1}], "outputs": [{"type": "LATENT"}]},
          {"id": 3, "type": "SaveImage", "inputs": [{"name": "images", "type": "LATENT", "link": 2}],
           "widgets_values": ["boat"]}],
         "links": [[1, 1, 0, 2, 0, "LATENT"], [2, 2, 0, 3, 0, "LATENT"]], "version": 0.4}
        """

    private static let graph: JSON = [
        "1": [
            "inputs": ["width": 640, "height": 480], "class_type": "EmptyLatentImage",
            "_meta": ["title": "Size"],
        ],
        "3": [
            "inputs": ["filename_prefix": "boat", "images": ["1", 0]], "class_type": "SaveImage",
            "_meta": ["title": "SaveImage"],
        ],
    ]

    @Test func printsTheAPIForm() async throws {
        let outcome = try await run("convert", "workflow.json")
        #expect(outcome.status == .done)
        #expect(try JSON(parsing: outcome.output.utf8) == Self.graph)
        #expect(outcome.errors.isEmpty)
    }

    @Test func writesAFileAndReadsItAgain() async throws {
        #expect(try await run("convert", "workflow.json", "-o", "graph.json").output.isEmpty)
        let written = try Data(contentsOf: folder.appending(path: "graph.json"))
        #expect(try JSON(parsing: written) == Self.graph)
        let again = try await run("convert", "graph.json")
        #expect(try JSON(parsing: again.output.utf8) == Self.graph)
        let nowhere = try await run("convert", "workflow.json", "-o", "nowhere/graph.json")
        #expect(nowhere.status == .failed)
    }

    @Test func checkTakesAWorkflow() async throws {
        let outcome = try await run("check", "workflow.json", "--set", "Size.width=256", "--json")
        #expect(outcome.status == .done, "\(outcome.errors)")
        #expect(try JSON(parsing: outcome.output.utf8)["runs"] == ["1", "3"])
    }

    @Test func everythingInTheWayIs65() async throws {
        let broken = Self.workflow.replacing("EmptyLatentImage", with: "EmptyLatentImges")
            .replacing("\"link\": 2", with: "\"link\": 9")
        try Data(broken.utf8).write(to: folder.appending(path: "workflow.json"))
        let outcome = try await run("convert", "workflow.json")
        #expect(outcome.status == .wrongData)
        #expect(outcome.errors.contains("workflow.json has 2 problems:"))
        #expect(outcome.errors.contains(#"did you mean "EmptyLatentImage"?"#))
        #expect(outcome.errors.contains(#"3 (SaveImage): "images" takes the link 9"#))
        #expect(outcome.output.isEmpty)
    }
}
