/// Changes to the well-known settings of a graph, and to single inputs.
public struct GraphOverrides: Sendable, Hashable {
    /// The texts; nil leaves the graph's.
    public var prompt, negative: String?
    /// The seed of the starting noise; nil leaves the graph's.
    public var seed: UInt64?
    /// The number of denoising steps; nil leaves the graph's.
    public var steps: Int?
    /// The strength of guidance; nil leaves the graph's.
    public var cfg: Double?
    /// The picture's size in pixels; nil leaves the graph's.
    public var width, height: Int?
    /// Written to the input `precision` of every node that has one, so that pictures carry it with their graph; nil leaves the graph's.
    public var precision: String?
    /// Further inputs, in order; they come last and win.
    public var assignments: [Assignment]

    /// No change but those given.
    ///
    /// - Parameters:
    ///   - prompt: what the picture shall follow.
    ///   - negative: what it shall stay away from.
    ///   - seed: seed of the starting noise.
    ///   - steps: number of denoising steps.
    ///   - cfg: strength of guidance.
    ///   - width: in pixels.
    ///   - height: in pixels.
    ///   - precision: what models compute in.
    ///   - assignments: further inputs.
    public init(
        prompt: String? = nil, negative: String? = nil, seed: UInt64? = nil, steps: Int? = nil,
        cfg: Double? = nil, width: Int? = nil, height: Int? = nil, precision: String? = nil,
        assignments: [Assignment] = []
    ) {
        self.prompt = prompt
        self.negative = negative
        self.seed = seed
        self.steps = steps
        self.cfg = cfg
        self.width = width
        self.height = height
        self.precision = precision
        self.assignments = assignments
    }

    /// A graph with the changes.
    ///
    /// - Parameters:
    ///   - file: the graph.
    ///   - catalog: tells what inputs the nodes have.
    /// - Returns: the changed graph, not yet validated.
    /// - Throws: `SettingError` when a setting has no place or several, or an assignment names nothing.
    public func applied(to file: GraphFile, catalog: NodeCatalog) throws -> GraphFile {
        let settings = GraphSettings(file, catalog: catalog)
        var changed = file
        for (setting, value) in values {
            for place in try settings.decisivePlaces(of: setting) {
                try changed.set(place.input, of: place.nodeID, to: InputValue(value))
            }
        }
        if let precision {
            for node in file.nodes where catalog[node.className]?.input(named: "precision") != nil {
                try changed.set("precision", of: node.id, to: InputValue(.string(precision)))
            }
        }
        for assignment in assignments {
            let target = try assignment.target(in: changed, catalog: catalog)
            let value = InputValue(target.json(assignment.value))
            try changed.set(target.place.input, of: target.place.nodeID, to: value)
        }
        return changed
    }

    private var values: [(Setting, JSON)] {
        [
            (.prompt, prompt.map(JSON.string)), (.negative, negative.map(JSON.string)),
            (.seed, seed.map { JSON($0) }), (.steps, steps.map(JSON.integer)), (.cfg, cfg.map(JSON.double)),
            (.width, width.map(JSON.integer)), (.height, height.map(JSON.integer)),
        ]
        .compactMap { setting, value in value.map { (setting, $0) } }
    }
}
