/// One level of a workflow of ComfyUI's editor: the workflow itself, or what a subgraph stands for.
struct WorkflowGraph {
    /// A socket at the border of a subgraph.
    struct Port {
        let name: String
        /// The links on the inner side; several for an input.
        let links: [Int]
    }

    /// The title of the subgraph, nil for the workflow itself.
    let name: String?
    let nodes: [WorkflowNode]
    let links: [Int: WorkflowLink]
    /// What the subgraph takes; empty for the workflow itself.
    let inputs: [Port]
    /// Where each node stands, by id.
    let positions: [String: Int]
    /// The inputs that end on a widget within, each with its place among them: the widgets of the node that stands for
    /// the subgraph.
    let promoted: [Int: Int]
    /// The links that feed the outputs, by the output's position.
    let feeds: [Int: WorkflowLink]
    /// The nodes that give a value a name for `GetNode`, by that name.
    let setters: [String: Int]

    init(
        name: String?, nodes: [WorkflowNode], links: [Int: WorkflowLink], inputs: [Port], outputs: [Port]
    ) {
        self.name = name
        self.nodes = nodes
        self.links = links
        self.inputs = inputs
        positions = Dictionary(
            nodes.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
        let widgets = Set(nodes.flatMap { $0.inputs.filter(\.isWidget).compactMap(\.link) })
        let landing = inputs.indices.filter { inputs[$0].links.contains(where: widgets.contains) }
        promoted = Dictionary(uniqueKeysWithValues: landing.enumerated().map { ($1, $0) })
        feeds = outputs.enumerated().reduce(into: [:]) { feeds, output in
            feeds[output.offset] = output.element.links.lazy.compactMap { links[$0] }.first
        }
        setters = Dictionary(
            nodes.enumerated().compactMap { index, node in
                node.role == .setter ? node.widgets.first?.string.map { ($0, index) } : nil
            }, uniquingKeysWith: { first, _ in first })
    }
}

/// A line from an output to an input.
struct WorkflowLink {
    /// Where a line begins.
    enum Origin: Hashable {
        /// A node of the same graph, by id.
        case node(String)
        /// The input side of the subgraph's border.
        case border
    }

    let origin: Origin
    /// Which output of the node, or which input of the subgraph.
    let slot: Int
    let type: PortType

    /// The ids by which links mean the border of their subgraph.
    static let inputBorder = "-10"
    static let outputBorder = "-20"
}

/// A node as the editor saves it.
struct WorkflowNode {
    /// What a node does for the conversion.
    enum Role {
        /// It runs, or stands for a subgraph.
        case ordinary
        /// It is for people: notes.
        case note
        /// Hands its input on.
        case reroute
        /// Holds a value for the widgets it is linked to.
        case primitive
        /// Names its input, and hands it on.
        case setter
        /// Gives the value that a setter of the same graph has named.
        case getter
    }

    /// Whether a node runs.
    enum Mode {
        case active
        /// Does not run, and gives nothing.
        case muted
        /// Does not run, and hands on what it is given.
        case bypassed
    }

    /// An input that the file mentions: a socket, or a widget that a line may end on.
    struct Slot {
        let name: String
        let type: PortType
        let link: Int?
        let isWidget: Bool
    }

    let id: String
    let className: String
    let title: String?
    let mode: Mode
    let role: Role
    let inputs: [Slot]
    let outputs: [PortType]
    /// The widgets' values in the order of the declaration.
    let widgets: [JSON]
    /// The widgets' values by name; nil in files of older editors.
    let named: JSON.Object?
    /// Where among the widgets of a subgraph's node those of its own inputs stand, by the input's name.
    ///
    /// The others stand for widgets of inner nodes, which hold their values themselves. Nil where the editor did not
    /// write it (`proxyWidgets`): then all are of its own inputs, in their order.
    let ownWidgets: [String: Int]?

    /// Where each input stands, by name.
    let slots: [String: Int]

    init(
        id: String, className: String, title: String?, mode: Mode, inputs: [Slot], outputs: [PortType],
        widgets: [JSON], named: JSON.Object?, ownWidgets: [String: Int]?
    ) {
        self.id = id
        self.className = className
        self.title = title
        self.mode = mode
        self.inputs = inputs
        self.outputs = outputs
        self.widgets = widgets
        self.named = named
        self.ownWidgets = ownWidgets
        role = Self.roles[className] ?? .ordinary
        slots = Dictionary(
            inputs.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    private static let roles: [String: Role] = [
        "Note": .note, "MarkdownNote": .note, "Reroute": .reroute, "PrimitiveNode": .primitive,
        "SetNode": .setter, "GetNode": .getter,
    ]
}
