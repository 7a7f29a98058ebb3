import ArgumentParser
import Diorama
import DioramaGraph

/// `diorama check`.
struct CheckCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check a graph without running it.",
        discussion: """
            Says what would run and which files were found, or everything that is wrong at once: unknown nodes, missing inputs, types \
            that do not fit, values out of range, cycles, files that are not there. Models are looked for, not opened.

            EXAMPLES
              diorama check graphs/text-to-image.json
              diorama check castle.png --set sampler.steps=8
              diorama check - --json < graph.json

            Exit code 0 when the graph can run, 65 when it cannot.
            """)

    @OptionGroup(title: "Graph") var graph: GraphOptions
    @OptionGroup(title: "Folders") var folders: FolderOptions

    @Flag(
        help: ArgumentHelp(
            "Print JSON.",
            discussion: "For a wrong graph, the answer ComfyUI's server gives: error and node_errors."))
    var json = false

    func run(in context: CommandContext) async throws {
        do {
            let catalog = try context.catalog()
            let source = try GraphSource(
                graph.graph, catalog: catalog, workingFolder: context.workingFolder)
            let file = try graph.overrides.applied(to: source.file, catalog: catalog)
            let folders = try folders.folders(graphFolder: source.folder, in: context)
            let report = try CheckReport(
                file, named: source.name, catalog: catalog, folders: folders, only: graph.targets(in: file))
            context.output.line(json ? report.json.text(.pretty) : printable(report.text()))
        } catch let error as CommandError {
            if json, let body = error.detail { context.output.line(body.text(.pretty)) }
            throw error
        }
    }
}
