import ArgumentParser
import DioramaBatch
import FoundationEssentials

/// `diorama batch`.
struct BatchCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "batch",
        abstract: "Render a picture for every line of a prompt list.",
        usage: """
            diorama batch <graph> <list> --out <dir> [<options>]
            diorama batch [<graph> <list>] --status <dir>
            diorama batch --verify <dir>
            diorama batch --merge <dir>
            """,
        discussion: """
            One process loads the model once and makes everything the list asks for. Each picture is written whole as soon \
            as it is made, and a line about it is added to DIR/manifest.jsonl. Running the same command again makes only \
            what is missing: after Ctrl-C, a crash or a power cut nothing is lost, and no picture that has its file is made again. \
            A kill costs what was under way: the denoising of one picture, or of the small ones that are denoised together, \
            and pictures behind it that were being decoded or written.

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
              diorama batch graph.json prompts.txt --out grid --grid steps=10,20 cfg=3,5 --sheet grid.png
              generate-prompts | diorama batch graph.json - --out pictures --json
              diorama batch graph.json prompts.txt --out pictures --plan
              diorama batch graph.json prompts.csv --out data --dataset
              diorama batch --status pictures
              diorama batch --verify pictures && diorama batch --merge pictures

            EXIT CODES
              0    every picture is there
              1    some failed; each is told with its line, the rest is there. --verify: something is missing or damaged
              64   wrong usage: an option or argument
              65   wrong graph or list; nothing was made
              75   stopped (Ctrl-C, SIGTERM, disk full, another batch in the folder): run it again to go on
            """)

    @Argument(
        help: ArgumentHelp(
            "The graph: a JSON file in ComfyUI's API format or a workflow of its editor, a PNG or JPEG that carries one, or - for standard input.",
            valueName: "graph"),
        completion: .file(extensions: ["json", "png", "jpg", "jpeg"]))
    var graph: String?

    @Argument(
        help: ArgumentHelp("The prompt list, or - for standard input.", valueName: "list"),
        completion: .file(extensions: ["txt", "csv", "tsv", "jsonl"]))
    var list: String?

    @Option(
        name: .customLong("out"),
        help: ArgumentHelp("The folder for pictures and manifest, made when missing.", valueName: "dir"),
        completion: .directory)
    var output: String?

    @OptionGroup(title: "What is there already") var questions: FolderQuestionOptions
    @Flag(
        help: ArgumentHelp(
            "Make nothing; count what would be made, and estimate how long it takes.",
            discussion: """
                One item is made without being saved, to measure its steps; when it would take longer than 20 seconds, only its first \
                two steps.
                """))
    var plan = false

    @OptionGroup(title: "List") var listOptions: ListOptions
    @OptionGroup(title: "Pictures") var pictures: BatchPictureOptions
    @OptionGroup(title: "Graph") var settings: SettingOptions
    @OptionGroup(title: "Folders") var folders: FolderOptions

    @OptionGroup var precision: PrecisionOptions
    @OptionGroup var memory: MemoryOptions

    @OptionGroup var threads: ThreadOptions

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
        if graph == "-", list == "-" {
            throw ValidationError("the graph and the list cannot both come from standard input")
        }
        if let question = try questions.chosen {
            try question.refuse(graph: graph, list: list, output: output)
        } else {
            guard graph != nil else { throw ValidationError("a batch needs a graph and a list") }
            guard list != nil else { throw ValidationError("a batch needs a list behind its graph") }
            if plan, list == "-" { throw ValidationError("--plan reads the list twice; name a file") }
            guard output != nil || plan else {
                throw ValidationError("a batch needs a folder for its pictures: --out <dir>")
            }
        }
    }

    var reportsJSON: Bool { json }

    func run(in context: CommandContext) async throws {
        if let question = try questions.chosen { return try answer(question, in: context) }
        guard let graph, let list, let output = output ?? (plan ? "." : nil) else {
            throw CommandError.usage("a batch needs a graph, a list and --out")
        }
        let batch = try prepared(graph, output: output, in: context)
        let prompts = try listOptions.list(list, in: context)
        let items = try await checked(prompts, of: batch, in: context)
        let folder = BatchFolder(fileURL(output, in: context.workingFolder))
        if plan { return try await tellPlan(of: prompts, by: batch, in: folder, context) }
        let summary = try await made(prompts, by: batch, in: folder, items: items, context)
        if let sheet = pictures.sheet, summary.stop == nil {
            let pages = try batch.drawSheet(
                of: prompts, in: folder, to: fileURL(sheet, in: context.workingFolder))
            if !quiet, !json { for page in pages { context.output.line(page.path) } }
        }
        try conclude(summary, in: context)
    }
}
