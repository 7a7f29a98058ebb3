package import DioramaGraph

/// What the command line changes in a graph.
package struct GraphOverrides: Sendable {
    /// The texts; nil leaves the graph's.
    package var prompt, negative: String?
    /// The sampler's numbers; nil leaves the graph's.
    package var seed: UInt64?
    package var steps: Int?
    package var cfg: Double?
    /// The picture's size; nil leaves the graph's.
    package var size: ImageSize?
    /// `node.input=value`, as ``Assignment`` reads it.
    package var assignments: [String]

    /// No change but those given.
    package init(
        prompt: String? = nil, negative: String? = nil, seed: UInt64? = nil, steps: Int? = nil,
        cfg: Double? = nil,
        size: ImageSize? = nil, assignments: [String] = []
    ) {
        self.prompt = prompt
        self.negative = negative
        self.seed = seed
        self.steps = steps
        self.cfg = cfg
        self.size = size
        self.assignments = assignments
    }

    /// `file` with the changes; `--set` comes last and wins.
    ///
    /// - Parameters:
    ///   - file: the graph.
    ///   - catalog: tells what inputs the nodes have.
    /// - Returns: the changed graph, not yet validated.
    /// - Throws: ``CommandError`` of status `usage` when a setting has no place or several, or an assignment names nothing.
    package func applied(to file: GraphFile, catalog: NodeCatalog) throws -> GraphFile {
        let settings = GraphSettings(file, catalog: catalog)
        var changed = file
        for (setting, value) in values {
            for place in try targets(of: setting, in: settings, of: file) {
                try change(&changed, place.nodeID, place.input, value)
            }
        }
        if let size {
            for place in try targets(of: .size, in: settings, of: file) {
                try change(&changed, place.nodeID, "width", .integer(size.width))
                try change(&changed, place.nodeID, "height", .integer(size.height))
            }
        }
        for text in assignments {
            let assignment = try Assignment(text, in: changed, catalog: catalog)
            try change(&changed, assignment.nodeID, assignment.input, assignment.value)
        }
        return changed
    }

    private var values: [(Setting, JSON)] {
        [
            (.prompt, prompt.map(JSON.string)), (.negative, negative.map(JSON.string)),
            (.seed, seed.map { JSON($0) }),
            (.steps, steps.map(JSON.integer)), (.cfg, cfg.map(JSON.double)),
        ]
        .compactMap { setting, value in value.map { (setting, $0) } }
    }

    private func change(_ file: inout GraphFile, _ nodeID: String, _ input: String, _ value: JSON) throws {
        try file.set(input, of: nodeID, to: InputValue(value))
    }

    /// The places to change: one node, or an error that names what was found.
    private func targets(
        of setting: Setting, in settings: GraphSettings, of file: GraphFile
    ) throws -> [GraphSettings.Place] {
        let places = settings.places(of: setting)
        guard !places.isEmpty else { throw Self.missing(setting, settings, file) }
        guard Set(places.map(\.nodeID)).count == 1 else { throw Self.ambiguous(setting, places, file) }
        if setting == .negative, let shared = places.first(where: settings.places(of: .prompt).contains) {
            throw CommandError.usage(
                "--negative: the prompt and the negative prompt are one node, \(label(shared.nodeID, file)); "
                    + "give the graph a second text encoder")
        }
        return places
    }

    private static func missing(_ setting: Setting, _ settings: GraphSettings, _ file: GraphFile)
        -> CommandError
    {
        let samplers = settings.samplers
        let advice = "name the input yourself with --set node.input=value"
        guard !samplers.isEmpty else {
            return .usage(
                "\(setting.option): the graph has no sampler (a node with a latent_image input) to start from; \(advice)"
            )
        }
        let what =
            switch setting {
            case .prompt: "no text encoder was found behind 'positive'"
            case .negative: "no text encoder was found behind 'negative'"
            case .seed, .steps, .cfg: "no input '\(setting.rawValue)' was found"
            case .size: "no node with width and height was found behind 'latent_image'"
            }
        let names = samplers.map { label($0.id, file) }.joined(separator: ", ")
        return .usage("\(setting.option): \(what) of \(names); \(advice)")
    }

    private static func ambiguous(
        _ setting: Setting, _ places: [GraphSettings.Place], _ file: GraphFile
    ) -> CommandError {
        let names = places.map { label($0.nodeID, file) }.joined(separator: ", ")
        let forms = places.map { "--set \(shellQuoted($0.nodeID)).\($0.input)=..." }.joined(separator: " or ")
        return .usage(
            "\(setting.option): the graph has \(places.count) places for it: \(names); choose with \(forms)")
    }
}

/// A node as messages name it: `refine (KSampler)`.
func label(_ nodeID: String, _ file: GraphFile) -> String {
    guard let node = file[nodeID] else { return nodeID }
    return NodeLabel(id: node.id, title: node.title, className: node.className).description
}

/// The id as a shell takes it.
private func shellQuoted(_ text: String) -> String { text.contains(" ") ? "'\(text)'" : text }
