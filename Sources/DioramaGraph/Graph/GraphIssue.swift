/// One thing that is wrong with a graph.
public struct GraphIssue: Sendable, Hashable, CustomStringConvertible {
    /// What kind of thing; the raw values are ComfyUI's where it has a name.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// An input that must be given is not.
        case requiredInputMissing = "required_input_missing"
        /// A list that is no link.
        case badLinkedInput = "bad_linked_input"
        /// An output's type does not fit the input.
        case returnTypeMismatch = "return_type_mismatch"
        /// A literal of the wrong kind, or where only a link will do.
        case invalidInputType = "invalid_input_type"
        /// A number below the input's minimum.
        case valueSmallerThanMin = "value_smaller_than_min"
        /// A number above the input's maximum.
        case valueBiggerThanMax = "value_bigger_than_max"
        /// A text that is not among the input's options.
        case valueNotInList = "value_not_in_list"
        /// The node itself found a problem.
        case customValidationFailed = "custom_validation_failed"
        /// Nodes that depend on each other in a circle.
        case dependencyCycle = "dependency_cycle"
        /// A class that the catalog does not have, or none at all.
        case missingNodeType = "missing_node_type"
        /// Nothing that saves or shows a result.
        case promptNoOutputs = "prompt_no_outputs"
        /// A link to a node or output that does not exist.
        case danglingLink = "dangling_link"
        /// An input that the class does not have; a warning.
        case unknownInput = "unknown_input"
        /// A node was asked for that the graph does not have.
        case unknownNode = "unknown_node"
        /// The options of an input could not be found out.
        case optionsUnavailable = "options_unavailable"
        /// The text is not JSON.
        case invalidJSON = "invalid_json"
        /// The JSON is not a graph.
        case invalidGraph = "invalid_graph"
        /// The JSON is a workflow of ComfyUI's editor.
        case workflowFormat = "workflow_format"
        /// A name stands twice in one object.
        case duplicateKey = "duplicate_key"
    }

    /// Whether the graph can run all the same.
    public enum Severity: String, Sendable, Hashable {
        /// It cannot.
        case error
        /// It can; something is ignored.
        case warning
    }

    /// What kind of thing is wrong.
    public let kind: Kind
    /// Whether the graph can run all the same.
    public let severity: Severity
    /// The node, nil when the graph as a whole is meant.
    public let node: NodeLabel?
    /// The input's name.
    public let input: String?
    /// What would be right.
    public let expected: String?
    /// What the graph says.
    public let found: String?
    /// The nearest right name.
    public let suggestion: String?
    /// A sentence without the node.
    public let message: String
    /// What ComfyUI says about it.
    let comfy: ComfyWords

    /// The node's id.
    public var nodeID: String? { node?.id }

    /// The sentence, with the node before it: `3 (KSampler): "steps" is 0, below its minimum 1`.
    public var description: String { node.map { "\($0): \(message)" } ?? message }

    /// ComfyUI's own words for an issue.
    struct ComfyWords: Sendable, Hashable {
        var message: String?
        var details: String?
        var extra: JSON.Object = [:]
    }

    init(
        _ kind: Kind, _ message: String, at node: NodeLabel? = nil, input: String? = nil,
        expected: String? = nil,
        found: String? = nil, suggestion: String? = nil, severity: Severity = .error,
        comfy: ComfyWords = ComfyWords()
    ) {
        self.kind = kind
        self.message = message
        self.node = node
        self.input = input
        self.expected = expected
        self.found = found
        self.suggestion = suggestion
        self.severity = severity
        self.comfy = comfy
    }
}

extension GraphIssue {
    /// The issue as one of ComfyUI's `node_errors`.
    public var json: JSON {
        var extra = comfy.extra
        if let input { extra["input_name"] = .string(input) }
        if let expected { extra["expected"] = .string(expected) }
        if let found { extra["found"] = .string(found) }
        if let suggestion { extra["suggestion"] = .string(suggestion) }
        extra["sentence"] = .string(description)
        return [
            "type": .string(kind.rawValue), "message": .string(comfy.message ?? message),
            "details": .string(comfy.details ?? input ?? ""), "extra_info": .object(extra),
        ]
    }
}
