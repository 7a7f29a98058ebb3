import ArgumentParser
import DioramaGraph

/// `diorama nodes`.
struct NodesCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "nodes",
        abstract: "List the nodes a graph may use, or explain one.",
        discussion: """
            The reference is made from the nodes' own declarations.

            EXAMPLES
              diorama nodes
              diorama nodes KSampler
              diorama nodes --json > object_info.json
            """)

    @Argument(help: "A node's class, as KSampler; every node when left out.")
    var name: String?

    @Flag(help: "Print JSON in the shape of ComfyUI's object_info.")
    var json = false

    @Flag(help: "Print the reference of all nodes as a Markdown page.")
    var markdown = false

    @OptionGroup(title: "Folders") var folders: FolderOptions

    var reportsJSON: Bool { json }

    func validate() throws {
        if markdown, json || name != nil {
            throw ValidationError("--markdown stands alone: it prints every node")
        }
    }

    func run(in context: CommandContext) async throws {
        let catalog = try context.catalog()
        if markdown {
            context.output.write(markdownReference(catalog))
            return
        }
        let schema = try name.map { try Self.schema($0, in: catalog) }
        if json {
            let environment = RunEnvironment(folders: try folders.folders(graphFolder: nil, in: context))
            let info: JSON =
                if let schema {
                    .object(JSON.Object([(schema.spec.className, schema.json(in: environment))]))
                } else {
                    catalog.json(in: environment)
                }
            context.output.line(info.text(.pretty))
        } else if let schema {
            context.output.line(NodeReference().page(schema))
        } else {
            context.output.line(NodeReference().list(catalog))
        }
    }

    /// The node of that name in any case of letters.
    private static func schema(_ name: String, in catalog: NodeCatalog) throws -> NodeSchema {
        if let schema = catalog[name] { return schema }
        if let schema = catalog.schemas.first(where: { $0.spec.className.lowercased() == name.lowercased() })
        {
            return schema
        }
        let guess = Spelling.nearest(to: name, in: catalog.classNames).map { "; did you mean '\($0)'?" }
        throw CommandError.usage("there is no node '\(name)'" + (guess ?? "; 'diorama nodes' lists all"))
    }
}
