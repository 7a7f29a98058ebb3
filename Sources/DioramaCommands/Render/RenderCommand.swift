import ArgumentParser
import Diorama
import DioramaGraph
import DioramaImage
import FoundationEssentials

/// `diorama render`.
struct RenderCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "render",
        abstract: "Render the pictures a graph describes.",
        discussion: """
            Runs every node the graph's outputs need and writes their pictures. The path of each picture is printed \
            on standard output, and on a terminal the most memory that was taken. 'diorama check --memory GRAPH' predicts it.

            EXAMPLES
              diorama render graphs/text-to-image.json
              diorama render graph.json --prompt "a castle at night" -o castle.png
              diorama render castle.png --steps 40 -o castle-40.jpg
              diorama render graph.json --size 256x128 --set sampler.sampler_name=heun
              diorama render graph.json --only preview
              diorama render graph.json --preview now.png --preview-every 2
              diorama render - --json < graph.json

            --prompt, --negative, --seed, --steps, --cfg and --size find their nodes by walking the graph from its \
            sampler. Where that is not one place, an error names the places found, for use with --set.

            \(CommandStatus.help)
            """)

    @OptionGroup(title: "Graph") var graph: GraphOptions
    @OptionGroup(title: "Folders") var folders: FolderOptions

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Where the picture goes: a .png, .jpg or .jpeg file, or a folder.",
            discussion: """
                The ending decides the format. An existing file is replaced. Of several pictures the second becomes \
                name-2.png, and so on. Default: output/ in the working folder, under the names the graph gives.
                """,
            valueName: "path"),
        completion: .file(extensions: ["png", "jpg", "jpeg"]))
    var output: String?

    @OptionGroup var threads: ThreadOptions

    @OptionGroup var precision: PrecisionOptions
    @OptionGroup var memory: MemoryOptions

    @OptionGroup var preview: PreviewOptions

    @Option(
        name: .customLong("repeat"), parsing: .unconditional,
        help: ArgumentHelp(
            "Render this many times in one process, doing all the work each time; for timings.",
            valueName: "n"))
    var times = 1

    @Flag(help: "Print nothing but errors.")
    var quiet = false

    @Flag(
        help: ArgumentHelp(
            "Print events as JSON, one a line, in place of paths and progress.",
            discussion:
                "Events: started, node_started, progress, unit, node_finished, artefact, finished, error."))
    var json = false

    @Option(
        help: ArgumentHelp(
            "Write a Chrome trace (chrome://tracing, Perfetto) of nodes, steps, blocks and tensor operations.",
            discussion: "With bytes allocated. It is also written when the render fails or is stopped.",
            valueName: "file"),
        completion: .file(extensions: ["json"]))
    var trace: String?

    func validate() throws {
        guard times >= 1 else { throw ValidationError("--repeat must be 1 or more, not \(times)") }
        try refuseEmptyPaths([output], of: "--output")
        try refuseEmptyPaths([trace], of: "--trace")
    }

    var reportsJSON: Bool { json }

    func run(in context: CommandContext) async throws {
        let trace = try trace.map { try TraceFile($0, workingFolder: context.workingFolder) }
        do {
            try await render(in: context, recorder: trace?.recorder)
        } catch {
            // The error that ends the command is the one to tell; a trace that cannot be written is only noted.
            do { try trace?.write() } catch { context.errors.line(printable("diorama: warning: \(error)")) }
            throw error
        }
        try trace?.write()
    }

    /// Prepares the graph, renders it as often as asked, and prints the paths.
    private func render(in context: CommandContext, recorder: TraceRecorder?) async throws {
        let catalog = try context.catalog()
        let source = try GraphSource(
            graph.graph, catalog: catalog, workingFolder: context.workingFolder)
        let destination = try OutputDestination(output, workingFolder: context.workingFolder)
        let file = try prepared(source.file, for: destination, catalog: catalog)
        let session = try session(
            catalog: catalog, graphFolder: source.folder, destination: destination, recorder: recorder,
            in: context)
        let shown = try preview.previews.flatMap { previews in
            try preview.file.map {
                try PreviewFile(
                    $0, mediaType: previews.format.mediaType, workingFolder: context.workingFolder)
            }
        }
        defer {
            if let problem = shown?.firstProblem {
                context.errors.line(printable("diorama: warning: the preview was not written: \(problem)"))
            }
        }
        let targets = try self.graph.targets(in: file)
        let graph: Graph
        do {
            graph = try session.graph(file, to: destination.target, only: targets)
        } catch {
            throw CommandError(graph: source.name, error, in: session.folders)
        }
        if !quiet {
            for warning in graph.warnings { context.errors.line(printable("diorama: warning: \(warning)")) }
        }

        var pictures: [URL] = []
        for run in 1...times {
            let start = ContinuousClock.now
            pictures = try await rendered(
                graph, to: destination, by: session, run: run, recorder: recorder, shown: shown, in: context)
            if times > 1, !json, !quiet {
                context.errors.line("run \(run) of \(times): \(fixed(seconds(.now - start), 3)) s")
            }
        }
        if !json, !quiet {
            for picture in pictures { context.output.line(picture.path) }
            if context.terminal != nil { context.errors.line("peak memory \(byteSize(peakMemory()))") }
            if pictures.isEmpty {
                let nodes = graph.targetIDs.joined(separator: ", ")
                context.errors.line(printable("diorama: no picture was saved; what ran ends at \(nodes)"))
            }
        }
    }

    /// The graph with the command line's changes, saving in the format asked for.
    private func prepared(
        _ file: GraphFile, for destination: OutputDestination, catalog: NodeCatalog
    ) throws -> GraphFile {
        let changed = try precision.added(to: graph.overrides).applied(to: file, catalog: catalog)
        guard let format = destination.format else { return changed }
        return try SaveNodes.converted(changed, to: format, catalog: catalog)
    }

    private func session(
        catalog: NodeCatalog, graphFolder: URL?, destination: OutputDestination, recorder: TraceRecorder?,
        in context: CommandContext
    ) throws -> Session {
        let folder: URL? = if case .folder(let folder) = destination { folder } else { nil }
        var options = SessionOptions(
            folders: try folders.folders(graphFolder: graphFolder, in: context, output: folder))
        options.threads = threads.count
        options.precision = precision.precision
        if let previews = preview.previews { options.resources = options.resources.with(previews) }
        options.memory = memory.limit(asJSON: json, in: context)
        // One graph is rendered, or the same again with all its work: nothing is worth keeping past its last use.
        return Session(nodes: catalog, options: options, cacheBytes: 0, observer: recorder)
    }

    /// Renders once, shown as the options ask; stops between steps on Ctrl-C.
    private func rendered(
        _ graph: Graph, to destination: OutputDestination, by session: Session, run: Int,
        recorder: TraceRecorder?, shown: PreviewFile?, in context: CommandContext
    ) async throws -> [URL] {
        var reporters: [any RunReporter] = recorder.map { [$0] } ?? []
        if let shown { reporters.append(shown) }
        var display: ProgressDisplay?
        if json {
            reporters.append(JSONLines(output: context.output, run: run, of: times))
        } else if !quiet, let terminal = context.terminal {
            let shown = ProgressDisplay(output: context.errors, terminal: terminal)
            display = shown
            reporters.append(shown)
        } else if !quiet {
            reporters.append(NoticePrinter(output: context.errors))
        }
        defer { display?.close() }
        let target = destination.target
        return try await stoppingOnSignals { [display] in
            display?.note("Stopping after this step. Ctrl-C again ends at once.")
        } _: { [reporters, memory] in
            try await memory.holding {
                try await session.render(graph, to: target, force: true) { event in
                    let now = ContinuousClock.now
                    for reporter in reporters { reporter.receive(event, at: now) }
                }
            }
        }
    }
}
