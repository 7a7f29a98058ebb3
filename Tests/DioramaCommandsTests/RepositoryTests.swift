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
            page == markdownReference(try NodeCatalog.builtin),
            "write it again: diorama nodes --markdown > docs/Nodes.md")
    }

    @Test(
        arguments: try FileManager.default.contentsOfDirectory(atPath: Repository.url("graphs").path).sorted()
    )
    func everyGraphChecks(name: String) async throws {
        let outcome = await diorama(
            ["check", "graphs/\(name)"], in: Repository.root, catalog: try NodeCatalog.builtin)
        #expect(outcome.status == .done, "\(outcome.errors)")
        #expect(outcome.output.contains("file          diorama-tiny is "))
    }

    @Test func theSettingsOfTheFirstGraphAreFound() throws {
        let file = try GraphFile(data: try Data(contentsOf: Repository.url("graphs/text-to-image.json")))
        let settings = GraphSettings(file, catalog: try NodeCatalog.builtin)
        for setting in Setting.allCases { #expect(settings.places(of: setting).count == 1, "\(setting)") }
    }

    @Test func theTwoStageGraphHasTwoSeeds() async throws {
        let outcome = await diorama(
            ["check", "graphs/two-sizes.json", "--seed", "7"], in: Repository.root,
            catalog: try NodeCatalog.builtin)
        #expect(outcome.status == .usage)
        #expect(outcome.errors.contains("choose with --set draft.seed=... or --set sampler.seed=..."))
    }
}
