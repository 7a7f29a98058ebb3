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

    func validate() throws { try refuseEmptyPaths([graph], of: "the graph") }

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
