extension NodeSchema {
    /// The declaration as a graph's node has it: a made choice is followed by its option's inputs, and a growing input
    /// stands as the members that the node gives or must give.
    ///
    /// - Parameter written: what the node says, by input name.
    /// - Returns: a declaration all of whose inputs take one value or list each.
    func resolved(for written: JSON.Object) -> NodeSchema {
        guard inputs.contains(where: { $0.isDynamic }) else { return self }
        return NodeSchema(
            spec: spec, inputs: inputs.flatMap { $0.resolved(for: written, below: "") }, outputs: outputs,
            hidden: hidden)
    }
}

extension InputSchema {
    /// Whether the graph decides which inputs it stands for.
    var isDynamic: Bool {
        switch form {
        case .single, .chosen: false
        case .growing, .choice: true
        }
    }

    /// Whether the node's other inputs depend on its value, which must then be written.
    var decidesInputs: Bool {
        switch form {
        case .choice, .chosen: true
        case .single, .growing: false
        }
    }

    /// The inputs that it stands for in a node.
    fileprivate func resolved(for written: JSON.Object, below prefix: String) -> [InputSchema] {
        var named = self
        named.name = prefix + name
        switch form {
        case .single, .chosen: return [named]
        case .growing(let rule, let member):
            return rule.names.enumerated().compactMap { index, each in
                let full = "\(named.name).\(each)"
                let isRequired = index < rule.minimum
                guard isRequired || written[full] != nil else { return nil }
                return member.named(full, isOptional: !isRequired)
            }
        case .choice(let options):
            guard let option = options.first(where: { .string($0.key) == written[named.name] }) else {
                return [named]
            }
            named.form = .chosen(key: option.key)
            return [named] + option.inputs.flatMap { $0.resolved(for: written, below: named.name + ".") }
        }
    }

    /// Whether a name is that of one of the inputs that it may stand for.
    ///
    /// - Parameter full: an input's name in a graph.
    /// - Returns: true also for inputs of options that were not chosen.
    func stands(for full: String) -> Bool { isDynamic && full.hasPrefix(name + ".") }

    private func named(_ name: String, isOptional: Bool) -> InputSchema {
        var copy = InputSchema(
            name: name, help: help, type: type, isOptional: isOptional, defaultValue: defaultValue,
            minimum: minimum,
            maximum: maximum, options: options, validatesOptions: validatesOptions, attributes: attributes,
            literal: literal)
        copy.refusal = refusal
        copy.takesList = takesList
        copy.template = template
        return copy
    }
}
