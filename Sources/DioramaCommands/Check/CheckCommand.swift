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

            With --memory it also says how much memory a render would take at its peak, and in which node: models are opened, and \
            every step of the graph is gone through without computing. Nothing is written. Weights are mapped files; where the \
            peak is too much, 'diorama render --memory SIZE' lets them give way, down to what the report calls least.

            EXAMPLES
              diorama check graphs/text-to-image.json
              diorama check --memory graphs/text-to-image.json --size 256x256
              diorama check castle.png --set sampler.steps=8
              diorama check - --json < graph.json

            Exit code 0 when the graph can run, 65 when it cannot.
            """)

    @OptionGroup(title: "Graph") var graph: GraphOptions
    @OptionGroup(title: "Folders") var folders: FolderOptions

    @Flag(
        name: .customLong("memory"),
        help: ArgumentHelp(
            "Predict the peak memory of a render, and what it is made of.",
            discussion: "Within a tenth. It depends on the size, --threads and --precision."))
    var predictsMemory = false

    @OptionGroup var threads: ThreadOptions

    @OptionGroup var precision: PrecisionOptions

    @Flag(
        help: ArgumentHelp(
            "Print JSON.",
            discussion: "For a wrong graph, the answer ComfyUI's server gives: error and node_errors."))
    var json = false

    func validate() throws {
    }

    func run(in context: CommandContext) async throws {
        do {
            let catalog = try context.catalog()
            let source = try GraphSource(
                graph.graph, catalog: catalog, workingFolder: context.workingFolder)
            let file = try precision.added(to: graph.overrides).applied(to: source.file, catalog: catalog)
            let folders = try folders.folders(graphFolder: source.folder, in: context)
            var report = try CheckReport(
                file, named: source.name, catalog: catalog, folders: folders, only: graph.targets(in: file))
            if predictsMemory {
                report.memory = try await forecast(
                    report.graph, catalog: catalog, folders: folders, in: context)
            }
            context.output.line(json ? report.json.text(.pretty) : printable(report.text()))
        } catch let error as CommandError {
            if json, let body = error.detail { context.output.line(body.text(.pretty)) }
            throw error
        } catch {
            // A run without computing that failed.
            if json { context.output.line(CommandError(error).json.text(.pretty)) }
            throw error
        }
    }
    /// What a render of a graph that can run would take.
    private func forecast(
        _ graph: Graph, catalog: NodeCatalog, folders: Folders, in context: CommandContext
    ) async throws -> MemoryForecast {
        var options = SessionOptions(
            folders: folders, threads: threads.count, precision: precision.precision)
        options.plansMemory = true
        options.memory = MemoryLimit { [json] in endForLackOfMemory($0, asJSON: json, in: context) }
        let session = Session(nodes: catalog, options: options, cacheBytes: 0)
        return try await MemoryForecast(
            session.graph(graph.file, only: graph.forecastTargets()), by: session)
    }
}
