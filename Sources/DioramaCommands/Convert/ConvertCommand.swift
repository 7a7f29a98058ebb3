import ArgumentParser
import DioramaFiles
import DioramaGraph
import FoundationEssentials

/// `diorama convert`.
struct ConvertCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Print a workflow of ComfyUI's editor in API format.",
        discussion: """
            Puts subgraphs in place, follows lines through reroutes, primitives and bypassed nodes, leaves out what is muted, and gives \
            every widget its name: what the editor does when it sends a workflow to its server. A graph that is in API \
            format already is printed as it is read. Values are not checked: diorama check does that, and like every command \
            that takes a graph it takes a workflow too.

            EXAMPLES
              diorama convert workflow.json
              diorama convert workflow.json -o graph.json
              diorama convert picture.png | diorama check -

            Exit code 0 when it was converted, 65 with everything that is in the way: links that lead nowhere, subgraphs that are \
            not defined or contain themselves, widgets that no node here has.
            """)

    @Argument(
        help: ArgumentHelp(
            "A JSON file, a PNG or JPEG that carries a workflow, or - for standard input.",
            valueName: "workflow"),
        completion: .file(extensions: ["json", "png", "jpg", "jpeg"]))
    var workflow: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The file to write; an existing one is replaced. Default: standard output.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var output: String?

    func run(in context: CommandContext) async throws {
        let source = try GraphSource(
            workflow, catalog: try context.catalog(), workingFolder: context.workingFolder)
        let text = source.file.json.text(.pretty)
        guard let output else {
            context.output.line(text)
            return
        }
        let url = fileURL(output, in: context.workingFolder)
        try checkWritable(url.deletingLastPathComponent(), for: output)
        try AtomicFile.write(Array((text + "\n").utf8), to: url.path, existing: .replace)
    }
}
