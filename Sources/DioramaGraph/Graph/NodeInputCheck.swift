/// Checks the inputs of one node and binds their values.
struct NodeInputCheck {
    let node: GraphFile.Node
    let label: NodeLabel
    /// The declaration resolved for this node.
    let schema: NodeSchema
    let file: GraphFile
    /// Each node's resolved declaration; nil where its class is not known.
    let schemas: [NodeSchema?]
    let labels: [NodeLabel]
    private(set) var issues: [GraphIssue] = []

    init(
        node: GraphFile.Node, label: NodeLabel, schema: NodeSchema, file: GraphFile,
        schemas: [NodeSchema?], labels: [NodeLabel]
    ) {
        self.node = node
        self.label = label
        self.schema = schema
        self.file = file
        self.schemas = schemas
        self.labels = labels
    }

    /// Where the value of each declared input comes from; `issues` then holds what is wrong.
    ///
    /// - Parameters:
    ///   - options: the lists to choose from.
    ///   - types: what the outputs of the graph give.
    /// - Returns: one binding an input, in the order of the schema.
    mutating func bindings(_ options: inout OptionLists, _ types: inout OutputTypes) -> [Graph.Binding] {
        var unknown = node.inputs.keys.filter { name in
            !schema.inputs.contains { $0.name == name || $0.stands(for: name) }
                && !schema.hidden.contains { $0.name == name }
        }
        let bindings = schema.inputs.map { input in
            binding(of: input, options: &options, types: &types, unknown: &unknown)
        }
        for name in unknown { noteUnknown(name) }
        return bindings
    }

    private mutating func binding(
        of input: InputSchema, options: inout OptionLists, types: inout OutputTypes, unknown: inout [String]
    ) -> Graph.Binding {
        switch node.value(of: input.name) {
        case nil:
            if input.isRequired { noteMissing(input, unknown: &unknown) }
            return .declared
        case .link(let link):
            return binding(of: input, to: link, &types)
        case .literal(let json):
            return binding(of: input, to: json, &options)
        case .badLink(let json, let reason):
            issues.append(
                issue(
                    .badLinkedInput, input, "is not a link: \(reason)", found: json.brief,
                    comfy: "Bad linked input, must be a length-2 list of [node_id, slot_index]",
                    received: json))
            return .declared
        }
    }

    // MARK: Missing and unknown

    private mutating func noteMissing(_ input: InputSchema, unknown: inout [String]) {
        let wanted =
            input.takesLiteral ? "it takes \(input.type.phrase)" : "it takes a link to \(input.type.phrase)"
        let written = Spelling.nearest(to: input.name, in: unknown)
        let question = written.map { "; is \(quoted($0)) meant for it?" } ?? ""
        unknown.removeAll { $0 == written }
        issues.append(
            GraphIssue(
                .requiredInputMissing, "\"\(input.name)\" is missing: \(wanted)\(question)", at: label,
                input: input.name, expected: input.type.name, found: written,
                suggestion: written.map { _ in input.name },
                comfy: .init(message: "Required input is missing", details: input.name)))
    }

    private mutating func noteUnknown(_ name: String) {
        let nearest = Spelling.nearest(to: name, in: schema.inputs.map(\.name))
        issues.append(
            GraphIssue(
                .unknownInput, nearest.asked("there is no input \(quoted(name)), it is ignored"), at: label,
                input: name, found: name, suggestion: nearest, severity: .warning))
    }

    // MARK: Links

    private mutating func binding(
        of input: InputSchema, to link: Link, _ types: inout OutputTypes
    ) -> Graph.Binding {
        if input.decidesInputs {
            issues.append(
                issue(
                    .badLinkedInput, input,
                    "decides which inputs the node has and cannot be linked: write one of its options",
                    found: InputValue.link(link).json.brief))
            return .declared
        }
        guard let source = file.position(of: link.nodeID) else {
            let nearest = Spelling.nearest(to: link.nodeID, in: labels.lazy.map(\.id))
            issues.append(
                issue(
                    .danglingLink, input,
                    nearest.asked("links to the node \(quoted(link.nodeID)), which the graph does not have"),
                    found: link.nodeID, suggestion: nearest))
            return .declared
        }
        // An unknown class has its own issue, and its outputs are not known.
        guard let outputs = schemas[source]?.outputs else { return .declared }
        guard let output = link.slot.position(in: outputs) else {
            noteNoOutput(input, link, source, outputs)
            return .declared
        }
        let given = types.type(of: source, output: output)
        guard input.type.accepts(given) else {
            noteMismatch(input, link, source, outputs, output, given)
            return .declared
        }
        return .link(node: source, output: output)
    }

    private mutating func noteNoOutput(
        _ input: InputSchema, _ link: Link, _ source: Int, _ outputs: [OutputSchema]
    ) {
        let has = outputs.enumerated().map { "\($0) \($1.name)" }.joined(separator: ", ")
        var nearest: String?
        if case .name(let name) = link.slot { nearest = Spelling.nearest(to: name, in: outputs.map(\.name)) }
        issues.append(
            issue(
                .danglingLink, input,
                nearest.asked(
                    "links to output \(link.slot) of \(labels[source]), which has "
                        + (outputs.isEmpty ? "no outputs" : "only \(has)")),
                expected: input.type.name, found: "\(link.slot)", suggestion: nearest))
    }

    private mutating func noteMismatch(
        _ input: InputSchema, _ link: Link, _ source: Int, _ outputs: [OutputSchema], _ output: Int,
        _ given: PortType
    ) {
        let fitting = outputs.first { $0.template == nil && input.type.accepts($0.type) }?.name
        let hint = fitting.map { "; its output \(quoted($0)) would fit" } ?? ""
        issues.append(
            issue(
                .returnTypeMismatch, input,
                "takes \(input.type.phrase), but output \"\(outputs[output].name)\" of \(labels[source]) gives "
                    + "\(given.phrase)\(hint)",
                expected: input.type.name, found: given.name, suggestion: fitting,
                comfy: "Return type mismatch between linked nodes",
                details: "\(input.name), received_type(\(given)) mismatch input_type(\(input.type))",
                more: ["received_type": .string(given.name), "linked_node": InputValue.link(link).json]))
    }

    // MARK: Literals

    private mutating func binding(
        of input: InputSchema, to json: JSON, _ options: inout OptionLists
    ) -> Graph.Binding {
        guard let read = input.literal else {
            if json == .null, input.isOptional { return .declared }
            issues.append(
                issue(
                    .invalidInputType, input,
                    "takes a link to \(input.type.phrase), found \(json.kind) \(json.brief)",
                    expected: "a link to \(input.type.phrase)", found: json.brief, received: json))
            return .declared
        }
        do {
            let value = try read(json)
            if let problem = input.problem(with: value.json, read: json, schema.spec.className, &options) {
                issues.append(issue(problem, of: input, received: json))
            }
            return .literal(value)
        } catch {
            if json == .null, input.isOptional { return .declared }
            issues.append(issue(LiteralProblem(error, of: json, for: input), of: input, received: json))
            return .declared
        }
    }

    // MARK: Issues

    private func issue(_ problem: LiteralProblem, of input: InputSchema, received: JSON) -> GraphIssue {
        issue(
            problem.kind, input, problem.predicate, expected: problem.expected, found: received.brief,
            suggestion: problem.suggestion, comfy: problem.comfyMessage, details: problem.comfyDetails,
            received: received)
    }

    private func issue(
        _ kind: GraphIssue.Kind, _ input: InputSchema, _ predicate: String, expected: String? = nil,
        found: String? = nil, suggestion: String? = nil, comfy message: String? = nil, details: String? = nil,
        received: JSON? = nil, more: JSON.Object = [:]
    ) -> GraphIssue {
        var extra: JSON.Object = ["input_config": input.config]
        extra["received_value"] = received
        for (key, value) in more { extra[key] = value }
        return GraphIssue(
            kind, "\"\(input.name)\" \(predicate)", at: label, input: input.name,
            expected: expected ?? input.type.name, found: found, suggestion: suggestion,
            comfy: .init(message: message, details: details ?? input.name, extra: extra))
    }
}
