import ArgumentParser
import DioramaBatch
import DioramaFiles
import DioramaGraph
import DioramaTensor
import FoundationEssentials

/// `diorama batch`.
struct BatchCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "batch",
        abstract: "Render a picture for every line of a prompt list.",
        discussion: """
            One process loads the model once and makes everything the list asks for. Each picture is written whole as soon \
            as it is made, and a line about it is added to DIR/manifest.jsonl. Running the same command again makes only \
            what is missing: after Ctrl-C, a crash or a power cut nothing is lost and nothing is made twice.

            THE LIST
              .txt         a prompt a line; lines that begin with # are comments (\\# begins a prompt with #)
              .csv, .tsv   cells below a header of names; an empty cell leaves the graph's value
              .jsonl       an object a line: {"prompt": "a fox", "seed": 7, "sampler": {"steps": 8}}
              -            standard input, made as it comes
            The names are prompt, negative, seed, steps, cfg, width, height, name (the file's), or node.input for any other.

            PROMPTS
              {red|2::blue} fox    one of the parts, blue twice as often; may be nested; \\{ is a brace
              __animal__           a line of animal.txt in the folder of --wildcards
            The seed decides, so the same line and seed give the same prompt everywhere.

            EXAMPLES
              diorama batch graphs/text-to-image.json samples/prompts.txt --out pictures
              diorama batch graph.json prompts.csv --out pictures --count 4 --name '{line:4}-{seed}'
              diorama batch graph.json prompts.txt --out grid --grid steps=10,20 cfg=3,5
              generate-prompts | diorama batch graph.json - --out pictures --json

            EXIT CODES
              0    every picture is there
              1    some failed; each is told with its line, the rest is there
              64   wrong usage: an option or argument
              65   wrong graph or list; nothing was made
              75   stopped (Ctrl-C, SIGTERM, disk full, another batch in the folder): run it again to go on
            """)

    @Argument(
        help: ArgumentHelp(
            "The graph: a JSON file in ComfyUI's API format or a workflow of its editor, a PNG or JPEG that carries one, or - for standard input.",
            valueName: "graph"),
        completion: .file(extensions: ["json", "png", "jpg", "jpeg"]))
    var graph: String

    @Argument(
        help: ArgumentHelp("The prompt list, or - for standard input.", valueName: "list"),
        completion: .file(extensions: ["txt", "csv", "tsv", "jsonl"]))
    var list: String

    @Option(
        name: .customLong("out"),
        help: ArgumentHelp("The folder for pictures and manifest, made when missing.", valueName: "dir"),
        completion: .directory)
    var output: String

    @OptionGroup(title: "List") var listOptions: ListOptions
    @OptionGroup(title: "Pictures") var pictures: BatchPictureOptions
    @OptionGroup(title: "Graph") var settings: SettingOptions
    @OptionGroup(title: "Folders") var folders: FolderOptions

    @Option(help: "CPU threads to use, 1 or more; the pictures do not depend on it. Default: one a core.")
    var threads: Int?

    @Flag(help: "Print nothing but errors.")
    var quiet = false

    @Flag(
        help: ArgumentHelp(
            "Print events as JSON, one a line, in place of paths and progress.",
            discussion: """
                Events: started, item_started, progress, item_done, item_skipped, item_failed, line_failed, retrying, \
                notice, finished, error.
                """))
    var json = false

    func validate() throws {
        try refuseEmptyPaths([graph], of: "the graph")
        try refuseEmptyPaths([list], of: "the list")
        try refuseEmptyPaths([output], of: "--out")
        if let threads, threads < 1 { throw ValidationError("--threads must be 1 or more, not \(threads)") }
        if graph == "-", list == "-" {
            throw ValidationError("the graph and the list cannot both come from standard input")
        }
    }

    var reportsJSON: Bool { json }

    func run(in context: CommandContext) async throws {
        let batch = try prepared(in: context)
        let list = try listOptions.list(list, in: context)
        let items = try checked(list, of: batch, in: context)
        let folder = BatchFolder(fileURL(output, in: context.workingFolder))
        let summary = try await made(list, by: batch, in: folder, items: items, context)
        try conclude(summary, in: context)
    }

    /// Reads graph and options.
    private func prepared(in context: CommandContext) throws -> Batch {
        let catalog = try context.catalog()
        let source = try GraphSource(graph, catalog: catalog, workingFolder: context.workingFolder)
        let file = try settings.overrides.applied(to: source.file, catalog: catalog)
        let output = fileURL(output, in: context.workingFolder)
        var options = SessionOptions(
            folders: try folders.folders(graphFolder: source.folder, in: context, output: output))
        options.threads = threads
        options.memory = MemoryLimit(byteCount: freeMemory()) { [json] shortage in
            endForLackOfMemory(shortage, asJSON: json, in: context)
        }
        // Enough for the encoded texts of some lines; pictures are not needed again.
        let session = Session(nodes: catalog, options: options, cacheBytes: 128 << 20)
        let batchOptions = try pictures.options(in: context)
        do {
            return try Batch(graph: file, session: session, options: batchOptions)
        } catch let error as SettingError
            where batchOptions.grid.contains(where: { $0.name == "\(error.subject)" })
        {
            throw CommandError.usage("--grid \(error)")
        }
    }

    /// Tells everything that is wrong with the list.
    ///
    /// - Returns: how many items it has; nil for a stream, which is checked as it comes.
    private func checked(_ list: PromptList, of batch: Batch, in context: CommandContext) throws -> Int? {
        guard !list.isStream else { return nil }
        let report = try batch.check(list)
        let problems = ListReport.sentences(report.problems)
        let warnings = ListReport.sentences(report.warnings)
        if report.items == 0 || (listOptions.strict && report.problemCount + report.warningCount > 0) {
            let all = problems + (listOptions.strict ? warnings : [])
            guard !all.isEmpty else { throw CommandError.data("\(list.name): it has no prompts") }
            throw CommandError.data(([list.name + ":"] + all).joined(separator: "\n  "))
        }
        if !quiet {
            for text in warnings + problems.map({ "\($0); not made" }) {
                context.errors.line(printable("diorama: warning: \(list.name), \(text)"))
            }
        }
        // A line that cannot be used is told again at the end, as what failed.
        return report.items + report.problemCount
    }

    /// Runs the batch, shown as the options ask; Ctrl-C and SIGTERM stop it between steps.
    private func made(
        _ list: PromptList, by batch: Batch, in folder: BatchFolder, items: Int?, _ context: CommandContext
    ) async throws -> BatchSummary {
        let reporter: any BatchReporter =
            if json {
                BatchJSONLines(output: context.output)
            } else if !quiet, let terminal = context.terminal {
                BatchDisplay(output: context.errors, terminal: terminal, items: items)
            } else {
                BatchPrinter(
                    output: context.output, errors: context.errors, folder: folder.url, isQuiet: quiet)
            }
        defer { reporter.close() }
        do {
            return try await stoppingOnSignals {
                reporter.note("Stopping after this step. Ctrl-C again ends at once.")
            } _: {
                let summary = try await batch.run(list, in: folder, items: items) { reporter.receive($0) }
                reporter.conclude(summary)
                return summary
            }
        } catch let error as FolderError {
            throw CommandError(.stopped, "\(error)")
        } catch let error as FileError where error.action == "write" {
            throw CommandError(.stopped, "\(error)")
        }
    }

    /// Says how it ended, as the exit code too.
    private func conclude(_ summary: BatchSummary, in context: CommandContext) throws {
        let made = counted(summary.done, "item") + " made"
        let there = summary.skipped > 0 ? ", \(summary.skipped) there already" : ""
        let failures = summary.failures.map { failure in
            "  line \(failure.line)\(failure.index.map { $0 > 0 ? ", number \($0 + 1)" : "" } ?? ""): \(failure.message)"
        }
        let more = summary.failed > failures.count ? ["  and \(summary.failed - failures.count) more"] : []
        let failed = (failures + more).joined(separator: "\n")
        switch summary.stop {
        case .cancelled:
            throw CommandError(.stopped, "stopped: \(made)\(there); the same command goes on from here")
        case .cannotWrite(let reason):
            throw CommandError(.stopped, "\(reason); \(made)\(there); the same command goes on from here")
        case nil: break
        }
        guard summary.failed == 0 else {
            throw CommandError(
                .failed, "\(counted(summary.failed, "item")) failed, \(made)\(there):\n\(failed)")
        }
        if !quiet, !json {
            let rate = summary.done > 0 ? " in \(clock(summary.seconds))" : ""
            context.errors.line("\(made)\(rate)\(there)")
        }
    }
}
