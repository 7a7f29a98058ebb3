import DioramaCommands
import DioramaGraph
import DioramaNodes
import DioramaTestSupport
import FoundationEssentials
import Testing

/// What the repository shows its readers is what the command says.
@Suite struct RepositoryTests {
    @Test func theNodePageIsTheOneTheCommandWrites() throws {
        let page = try String(contentsOf: Repository.url("docs/Nodes.md"), encoding: .utf8)
        #expect(
            page == markdownReference(NodeCatalog.builtin),
            "write it again: diorama nodes --markdown > docs/Nodes.md")
    }

    @Test(
        arguments: try FileManager.default.contentsOfDirectory(atPath: Repository.url("graphs").path).sorted()
    )
    func everyGraphChecks(name: String) async throws {
        let outcome = await diorama(
            ["check", "graphs/\(name)"], in: Repository.root, catalog: NodeCatalog.builtin)
        #expect(outcome.status == .done, "\(outcome.errors)")
        #expect(outcome.output.contains("file          diorama-tiny is "))
    }

    /// The snippets' own package is built and tested by `make test`, after this.
    @Test func theSwiftOfTheCustomNodePageIsCompiled() throws {
        let page = try String(contentsOf: Repository.url("docs/CustomNodes.md"), encoding: .utf8)
        let blocks = page.components(separatedBy: "```swift\n").dropFirst().map {
            $0.components(separatedBy: "```")[0]
        }
        #expect(blocks.count >= 6)
        let compiled = lines(
            try String(
                contentsOf: Repository.url("Examples/CustomNode/Tests/VignetteNodesTests/PageSnippets.swift"),
                encoding: .utf8))
        for block in blocks {
            #expect(compiled.contains(lines(block)), "not in PageSnippets.swift, word for word:\n\(block)")
        }
    }

    /// A text without indentation and empty lines.
    private func lines(_ text: String) -> String {
        text.split(separator: "\n").map { $0.drop { $0 == " " } }.filter { !$0.isEmpty }
            .joined(separator: "\n")
    }

    @Test func theSettingsOfTheFirstGraphAreFound() throws {
        let file = try GraphFile(data: try Data(contentsOf: Repository.url("graphs/text-to-image.json")))
        let settings = GraphSettings(file, catalog: NodeCatalog.builtin)
        for setting in Setting.allCases { #expect(settings.places(of: setting).count == 1, "\(setting)") }
    }

    @Test func theTwoStageGraphHasTwoSeeds() async throws {
        let outcome = await diorama(
            ["check", "graphs/two-sizes.json", "--seed", "7"], in: Repository.root,
            catalog: NodeCatalog.builtin)
        #expect(outcome.status == .usage)
        #expect(outcome.errors.contains("choose with --set draft.seed=... or --set sampler.seed=..."))
    }
}
