import ArgumentParser
package import DioramaGraph

/// Which graph, and what to change in it.
struct GraphOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "The graph: a JSON file that ComfyUI saved or exported, a PNG or JPEG that carries one, or - for standard input.",
            valueName: "graph"),
        completion: .file(extensions: ["json", "png", "jpg", "jpeg"]))
    var graph: String

    @OptionGroup var settings: SettingOptions

    @Option(
        name: .customLong("only"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Run the graph only as far as this node needs, by id or title. May be given many times.",
            discussion:
                "Pictures are only saved where the node itself saves them. Default: every output node.",
            valueName: "node"))
    var only: [String] = []

    func validate() throws { try refuseEmptyPaths([graph], of: "the graph") }

    /// The nodes to run the graph for, by id; nil for its output nodes.
    ///
    /// - Throws: ``CommandError`` of status `usage` for a name that is not that of one node.
    func targets(in file: GraphFile) throws -> [String]? {
        if only.isEmpty { return nil }
        return try only.map { name in
            let ids = file.ids(matching: name)
            if ids.count == 1 { return ids[0] }
            guard ids.isEmpty else {
                throw CommandError.usage(
                    "--only: \(ids.count) nodes are called '\(name)': \(ids.joined(separator: ", ")); use the id"
                )
            }
            let names = file.nodes.flatMap { [$0.id, $0.title, $0.className].compactMap(\.self) }
            let guess = Spelling.nearest(to: name, in: names).map { "; did you mean '\($0)'?" } ?? "."
            let known = file.nodes.prefix(20).map {
                "\(NodeLabel(id: $0.id, title: $0.title, className: $0.className))"
            }
            throw CommandError.usage(
                "--only: the graph has no node '\(name)'\(guess) Its nodes: \(known.joined(separator: ", "))")
        }
    }

    /// The changes the options ask for.
    ///
    /// - Throws: ``CommandError`` of status `usage` for a `--set` without a path or value.
    var overrides: GraphOverrides { get throws { try settings.overrides } }
}

/// What to change in a graph.
struct SettingOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: "Text the picture shall follow, in place of the graph's.")
    var prompt: String?

    @Option(parsing: .unconditional, help: "Text the picture shall stay away from, in place of the graph's.")
    var negative: String?

    @Option(parsing: .unconditional, help: "Seed of the starting noise, 0 to 18446744073709551615.")
    var seed: UInt64?

    @Option(parsing: .unconditional, help: "Number of denoising steps.")
    var steps: Int?

    @Option(
        parsing: .unconditional,
        help: "Classifier-free guidance: how strongly the prompt is followed; 1 turns guidance off.")
    var cfg: Double?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Width and height of the picture in pixels, as 256x192.", valueName: "WxH"),
        transform: { argument in
            guard let size = ImageSize(argument: argument) else {
                throw ValidationError("expected width and height in pixels, as 256x192")
            }
            return size
        })
    var size: ImageSize?

    @Option(
        name: .customLong("set"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Any input of any node, by the node's id or title, as sampler.steps=8. May be given many times.",
            discussion: "The value is JSON, or plain text where the input takes text.",
            valueName: "node.input=value"))
    var assignments: [String] = []

    /// The changes the options ask for.
    ///
    /// - Throws: ``CommandError`` of status `usage` for a `--set` without a path or value.
    var overrides: GraphOverrides {
        get throws {
            GraphOverrides(
                prompt: prompt, negative: negative, seed: seed, steps: steps, cfg: cfg, width: size?.width,
                height: size?.height, assignments: try assignments.map(Assignment.init(option:)))
        }
    }
}

extension Assignment {
    /// Reads the value of a `--set`.
    ///
    /// - Throws: ``CommandError`` of status `usage` for another form.
    package init(option text: String) throws {
        guard let assignment = Assignment(text) else {
            throw CommandError.usage(
                "--set takes node.input=value, as in --set sampler.steps=8; found '\(text)'")
        }
        self = assignment
    }
}
