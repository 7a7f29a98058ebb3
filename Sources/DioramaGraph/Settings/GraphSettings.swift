/// The settings that can be changed without naming a node.
public enum Setting: String, Sendable, CaseIterable {
    /// What the picture shall follow.
    case prompt
    /// What the picture shall stay away from.
    case negative
    /// Seed of the starting noise.
    case seed
    /// Number of denoising steps.
    case steps
    /// Strength of guidance.
    case cfg
    /// Width in pixels.
    case width
    /// Height in pixels.
    case height
}

/// Finds where a graph keeps the well-known settings, by walking it from its samplers.
///
/// A sampler is a node with a `latent_image` input. `seed` (or `noise_seed`), `steps` and `cfg` are inputs of the sampler, or of the
/// nearest node that feeds it other than by model, conditioning or latent. The prompts are the texts of the encoders behind
/// `positive` and `negative`; the size belongs to the nearest node with `width` and `height` behind `latent_image`.
/// An input that is linked to a value node leads to that node.
public struct GraphSettings: Sendable {
    /// One input of one node.
    public struct Place: Hashable, Sendable {
        /// The node's id.
        public let nodeID: String
        /// The input's name.
        public let input: String

        /// Names an input.
        ///
        /// - Parameters:
        ///   - nodeID: the node's id.
        ///   - input: the input's name.
        public init(nodeID: String, input: String) {
            self.nodeID = nodeID
            self.input = input
        }
    }

    let file: GraphFile
    private let catalog: NodeCatalog?

    /// The settings of `file`; with a catalog, inputs left to their defaults are found too, and what no output needs is not looked at.
    public init(_ file: GraphFile, catalog: NodeCatalog? = nil) {
        self.file = file
        self.catalog = catalog
    }

    /// Every place that decides `setting`, in the order of the file; one in most graphs.
    public func places(of setting: Setting) -> [Place] {
        var found: [Place] = []
        for sampler in samplers {
            let places =
                switch setting {
                case .prompt: texts(behind: "positive", of: sampler)
                case .negative: texts(behind: "negative", of: sampler)
                case .seed: numbers(["seed", "noise_seed"], of: sampler)
                case .steps: numbers(["steps"], of: sampler)
                case .cfg: numbers(["cfg"], of: sampler)
                case .width, .height:
                    sizes(behind: sampler).map { Place(nodeID: $0, input: setting.rawValue) }
                }
            found += places.filter { !found.contains($0) }
        }
        return found
    }

    /// The samplers that an output needs, in the order of the file.
    public var samplers: [GraphFile.Node] {
        let all = file.nodes.filter { has("latent_image", $0) }
        guard let catalog else { return all }
        let outputs = file.nodes.filter { catalog[$0.className]?.spec.isOutput == true }.map(\.id)
        let needed = Set(outputs + outputs.flatMap { file.upstream(of: $0) })
        return outputs.isEmpty ? all : all.filter { needed.contains($0.id) }
    }

    /// The settings that have one place and a value, for people to read.
    public var summary: [(name: String, value: JSON)] {
        Setting.allCases.compactMap { setting -> (name: String, value: JSON)? in
            let places = places(of: setting)
            guard places.count == 1, let place = places.first,
                case .literal(let value)? = file[place.nodeID]?.value(of: place.input)
            else { return nil }
            return (setting.rawValue, value)
        }
    }

    /// Whether the node's class or the file gives it this input.
    private func has(_ input: String, _ node: GraphFile.Node) -> Bool {
        node.inputs[input] != nil || catalog?[node.className]?.input(named: input) != nil
    }

    // MARK: Numbers

    /// Inputs that lead to other things than the sampler's own controls.
    private static let data: Set<String> = ["model", "positive", "negative", "conditioning", "latent_image"]

    private func numbers(_ names: [String], of sampler: GraphFile.Node) -> [Place] {
        guard let node = nearest(from: sampler, where: { node in names.contains { has($0, node) } }),
            let name = names.first(where: { has($0, node) })
        else { return [] }
        return value(name, of: node) { $0.double != nil }
    }

    /// The node itself or the nearest above it, not passing through data.
    private func nearest(from start: GraphFile.Node, where isIt: (GraphFile.Node) -> Bool) -> GraphFile.Node?
    {
        var seen: Set<String> = [start.id]
        var front = [start]
        while !front.isEmpty {
            if let found = front.first(where: isIt) { return found }
            front = front.flatMap { node in
                file.wires(into: node.id).filter { !Self.data.contains($0.input) }
                    .compactMap { seen.insert($0.link.nodeID).inserted ? file[$0.link.nodeID] : nil }
            }
        }
        return nil
    }

    /// Where the value of an input stands: there, or in the value node it is linked to.
    private func value(_ input: String, of node: GraphFile.Node, where isIt: (JSON) -> Bool) -> [Place] {
        var (node, input) = (node, input)
        for _ in 0...file.nodes.count {
            guard case .link(let link) = node.value(of: input) else {
                return [Place(nodeID: node.id, input: input)]
            }
            guard let source = file[link.nodeID] else { return [] }
            let literals = source.inputs.filter { isIt($0.value) }.map(\.key)
            let wires = file.wires(into: source.id)
            if literals.count == 1, let literal = literals.first {
                return [Place(nodeID: source.id, input: literal)]
            }
            guard literals.isEmpty, wires.count == 1, let wire = wires.first else { return [] }
            (node, input) = (source, wire.input)
        }
        return []
    }

    // MARK: Texts

    /// Inputs of encoders that take one text; those that take several have one for each of their models.
    private static let single = ["text", "prompt"]
    private static let several = ["clip_l", "clip_g", "t5xxl", "text_l", "text_g"]

    private func texts(behind side: String, of sampler: GraphFile.Node) -> [Place] {
        let names = side == "positive" ? [side, "conditioning"] : [side]
        guard let node = nearest(from: sampler, where: { node in names.contains { has($0, node) } }) else {
            return []
        }
        var seen: Set<String> = []
        return file.wires(into: node.id).filter { names.contains($0.input) }
            .flatMap { texts(from: $0.link, side: side, seen: &seen) }
    }

    private func texts(from link: Link, side: String, seen: inout Set<String>) -> [Place] {
        // A zeroed conditioning does not depend on the text behind it.
        guard let node = file[link.nodeID], node.className != "ConditioningZeroOut",
            seen.insert(node.id).inserted
        else { return [] }
        let single = Self.single.first { has($0, node) }.map { [$0] }
        let inputs = single ?? Self.several.filter { has($0, node) }
        guard inputs.isEmpty else { return inputs.flatMap { value($0, of: node) { $0.string != nil } } }

        var found: [Place] = []
        for wire in file.wires(into: node.id)
        where carriesConditioning(wire, into: node, from: link, side: side) {
            found += texts(from: wire.link, side: side, seen: &seen)
        }
        return found
    }

    /// Whether the text behind `link` lies behind this input of `node`.
    private func carriesConditioning(
        _ wire: GraphFile.Wire, into node: GraphFile.Node, from link: Link, side: String
    ) -> Bool {
        if has("positive", node), has("negative", node) {
            // A node that changes both gives them in this order.
            let wanted =
                switch link.slot {
                case .index(let index): index == 0 ? "positive" : "negative"
                case .name(let name): name
                }
            return wire.input == wanted
        }
        return catalog?[node.className]?.input(named: wire.input)?.type.name == "CONDITIONING"
            || wire.input.hasPrefix("conditioning")
    }

    // MARK: Size

    /// The id of the node that gives the size, if there is one.
    private func sizes(behind sampler: GraphFile.Node) -> [String] {
        var seen: Set<String> = [sampler.id]
        var front = file.wires(into: sampler.id).filter { $0.input == "latent_image" }.map(\.link.nodeID)
        while !front.isEmpty {
            let nodes = front.filter { seen.insert($0).inserted }.compactMap { file[$0] }
            if let node = nodes.first(where: { has("width", $0) && has("height", $0) }) {
                return [node.id]
            }
            front = nodes.flatMap { node in
                // Behind another sampler only its latent matters.
                file.wires(into: node.id).filter { !has("latent_image", node) || $0.input == "latent_image" }
                    .map(\.link.nodeID)
            }
        }
        return []
    }
}
