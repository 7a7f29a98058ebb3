/// A node's declaration as data, read from its properties without running it.
public struct NodeSchema: Sendable {
    /// Name, place and behaviour.
    public let spec: NodeSpec
    /// The inputs in the order of declaration.
    public let inputs: [InputSchema]
    /// The outputs in the order of declaration; links count them from 0.
    public let outputs: [OutputSchema]
    /// The values that the engine itself supplies.
    public let hidden: [HiddenSchema]

    /// Reads a node's declaration.
    ///
    /// - Parameter type: the node.
    public init(of type: any Node.Type) {
        let ports = NodePorts(of: type.init())
        spec = type.spec
        inputs = ports.inputSchemas
        outputs = ports.outputs.map(\.schema)
        hidden = ports.hidden.map(\.schema)
    }

    init(spec: NodeSpec, inputs: [InputSchema], outputs: [OutputSchema], hidden: [HiddenSchema]) {
        self.spec = spec
        self.inputs = inputs
        self.outputs = outputs
        self.hidden = hidden
    }

    /// Whether the node runs once for whole lists; others run once for each value of a list.
    public var takesLists: Bool { inputs.contains { $0.takesList } }

    /// The input of a name, nil when there is none.
    ///
    /// - Parameter name: the name in graphs.
    /// - Returns: its declaration.
    public func input(named name: String) -> InputSchema? { inputs.first { $0.name == name } }
}

/// One input's declaration.
public struct InputSchema: Sendable {
    /// The name in graphs.
    public internal(set) var name: String
    /// What it means, with shapes, units and range.
    public let help: String
    /// What a link must give.
    public let type: PortType
    /// Whether it stands among the optional inputs.
    public let isOptional: Bool
    /// The value when the graph says nothing; nil when the graph must say something, unless the input is optional.
    public let defaultValue: JSON?
    /// The least number allowed, nil for no limit.
    public let minimum: JSON?
    /// The greatest number allowed, nil for no limit.
    public let maximum: JSON?
    /// The texts to choose from, nil when the input is not a choice.
    public let options: InputOptions?
    /// Whether a literal must be one of the options; if not, the node itself judges.
    public let validatesOptions: Bool
    /// What else the node's description says: `step`, `round`, `multiline`, `advanced` and so on, as ComfyUI names them.
    public let attributes: JSON.Object

    /// Makes the typed value from a literal; nil when only a link will do.
    let literal: (@Sendable (JSON) throws(LiteralMismatch) -> any LiteralValue)?

    /// What is wrong with a text that is no option but names something that is there; nil where nothing is known of it.
    var refusal: OptionRefusal?

    /// Whether it is one input, or stands for several.
    public internal(set) var form = InputForm.single
    /// Whether it takes a whole list at once.
    public internal(set) var takesList = false
    /// The template whose inputs and outputs are all of one type; nil for an input of a type of its own.
    public internal(set) var template: String?

    /// Whether it is only evaluated when the node asks for it.
    public var isLazy: Bool { attributes["lazy"] == true }

    /// Whether a literal can be written into the graph.
    public var takesLiteral: Bool { literal != nil }

    /// Whether the graph must give a literal or a link.
    public var isRequired: Bool { !isOptional && defaultValue == nil }
}

/// Whether an input is one, or stands for several whose number or kind the graph decides.
public indirect enum InputForm: Sendable {
    /// One value.
    case single
    /// Any number of inputs of one kind, each named after the input and a dot: `images.image0`.
    case growing(GrowthRule, each: InputSchema)
    /// A choice whose options have inputs of their own, named after it and a dot: `format.bit_depth`.
    case choice([InputOption])
    /// A choice that a graph has made; the option's inputs stand behind it.
    case chosen(key: String)
}

/// How the members of a growing input are called, and how many there may be.
public struct GrowthRule: Hashable, Sendable {
    /// The names there are, in order.
    public let names: [String]
    /// What the names have in common, where they are numbered from 0.
    public let prefix: String?
    /// How many the graph must give: the first ones.
    public let minimum: Int
}

/// An option of a choice that has inputs of its own.
public struct InputOption: Sendable {
    /// What the graph writes.
    public let key: String
    /// The inputs there are when it is chosen.
    public let inputs: [InputSchema]
}

/// Says why what a text names is no option: a clause such as `the file is a Python pickle`, nil where it names nothing.
public typealias OptionRefusal = @Sendable (_ text: String, _ environment: RunEnvironment) -> String?

/// The texts that a choice input offers.
public enum InputOptions: Sendable {
    /// The same everywhere.
    case list([String])
    /// Found on the machine, such as the files of a folder.
    case computed(@Sendable (RunEnvironment) throws -> [String])

    /// The texts.
    ///
    /// - Parameter environment: folders and shared resources.
    /// - Returns: the options in order.
    /// - Throws: what computing them throws.
    public func names(in environment: RunEnvironment) throws -> [String] {
        switch self {
        case .list(let names): names
        case .computed(let names): try names(environment)
        }
    }
}

/// One output's declaration.
public struct OutputSchema: Sendable {
    /// The name in graphs; the type's name unless declared otherwise.
    public let name: String
    /// What it is, with shapes, units and range.
    public let help: String
    /// What it gives.
    public let type: PortType
    /// Whether it gives a list, for each of whose values what follows runs.
    public var isList = false
    /// The template whose inputs and outputs are all of one type; nil for an output of a type of its own.
    public var template: String?
}

/// A value that the engine supplies.
public struct HiddenSchema: Sendable, Hashable {
    /// Which value.
    public let kind: HiddenKind
    /// The name in node descriptions: `prompt`, `extra_pnginfo`, `unique_id`.
    public var name: String { kind.rawValue.lowercased() }
}

/// The values that the engine can supply.
public enum HiddenKind: String, Sendable, Hashable, CaseIterable {
    /// The whole graph in API form.
    case prompt = "PROMPT"
    /// What the sender wants embedded beside the graph, such as the editor's workflow.
    case extraPNGInfo = "EXTRA_PNGINFO"
    /// The node's own id. Equal nodes with different ids are then not the same work.
    case uniqueID = "UNIQUE_ID"
}
