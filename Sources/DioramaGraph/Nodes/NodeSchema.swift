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
        inputs = ports.inputs.map { port in
            var schema = port.definition
            if schema.name.isEmpty { schema.name = port.slotName }
            return schema
        }
        outputs = ports.outputs.map(\.schema)
        hidden = ports.hidden.map(\.schema)
    }

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

    /// Whether a literal can be written into the graph.
    public var takesLiteral: Bool { literal != nil }

    /// Whether the graph must give a literal or a link.
    public var isRequired: Bool { !isOptional && defaultValue == nil }
}

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
