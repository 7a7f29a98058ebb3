extension NodeSchema {
    /// The declaration in the shape of ComfyUI's `/object_info`.
    ///
    /// - Parameter environment: where computed options look.
    /// - Returns: one member of that answer; lists that cannot be computed are empty.
    public func json(in environment: RunEnvironment) -> JSON {
        var input: JSON.Object = [:]
        var order: JSON.Object = [:]
        for (section, members) in sections(environment) where !members.isEmpty {
            input[section] = .object(members)
            order[section] = .array(members.keys.map(JSON.string))
        }
        if input["required"] == nil {
            input["required"] = [:]
            order["required"] = []
        }
        var members: JSON.Object = [
            "input": .object(input),
            "input_order": .object(order),
            "is_input_list": .bool(takesLists),
            "output": .array(outputs.map { .string($0.template == nil ? $0.type.name : matchType) }),
            "output_is_list": .array(outputs.map { .bool($0.isList) }),
            "output_name": .array(outputs.map { .string($0.name) }),
            "output_tooltips": .array(outputs.map { .string($0.help) }),
            "name": .string(spec.className),
            "display_name": .string(spec.title),
            "description": .string(spec.help),
            "category": .string(spec.category),
            "output_node": .bool(spec.isOutput),
            "deprecated": .bool(spec.isDeprecated),
            "experimental": .bool(spec.isExperimental),
            "search_aliases": .array(spec.searchAliases.map(JSON.string)),
        ]
        if outputs.contains(where: { $0.template != nil }) {
            members["output_matchtypes"] = .array(outputs.map { $0.template.map(JSON.string) ?? .null })
        }
        return .object(members)
    }

    private func sections(_ environment: RunEnvironment) -> [(String, JSON.Object)] {
        func described(_ inputs: [InputSchema]) -> JSON.Object {
            JSON.Object(
                inputs.map { ($0.name, $0.json(options: (try? $0.options?.names(in: environment)) ?? [])) })
        }
        return [
            ("required", described(inputs.filter { !$0.isOptional })),
            ("optional", described(inputs.filter(\.isOptional))),
            ("hidden", JSON.Object(hidden.map { ($0.name, .string($0.kind.rawValue)) })),
        ]
    }
}

/// How ComfyUI writes the type of what a template decides.
private let matchType = "COMFY_MATCHTYPE_V3"

extension GrowthRule {
    /// ComfyUI's description of the members.
    fileprivate func template(of member: InputSchema) -> JSON.Object {
        let name = prefix ?? "value"
        var members: JSON.Object = [
            "input": ["required": .object(JSON.Object([(name, member.declaration)]))],
            "min": .integer(minimum),
        ]
        if let prefix {
            members["prefix"] = .string(prefix)
            members["max"] = .integer(names.count)
        } else {
            members["names"] = .array(names.map(JSON.string))
        }
        return members
    }
}

extension InputOption {
    fileprivate var json: JSON {
        ["key": .string(key), "inputs": .object(InputSchema.members(inputs))]
    }
}

extension NodeCatalog {
    /// Every node's declaration by class, in the shape of ComfyUI's `/object_info`.
    ///
    /// - Parameter environment: where computed options look.
    /// - Returns: an object with a member for each class.
    public func json(in environment: RunEnvironment) -> JSON {
        .object(JSON.Object(schemas.map { ($0.spec.className, $0.json(in: environment)) }))
    }
}

extension InputSchema {
    /// `[type, {options}]`; a choice has its list in the type's place.
    ///
    /// - Parameter names: the list of a choice.
    /// - Returns: the input's declaration as ComfyUI writes it.
    fileprivate func json(options names: [String]) -> JSON {
        var members = description(options: names)
        switch form {
        case .growing(let rule, let member):
            members["template"] = .object(rule.template(of: member))
            return ["COMFY_AUTOGROW_V3", .object(members)]
        case .choice(let options):
            members["options"] = .array(options.map(\.json))
            return ["COMFY_DYNAMICCOMBO_V3", .object(members)]
        case .single, .chosen: break
        }
        if let template {
            members["template"] = ["template_id": .string(template), "allowed_types": .string(type.name)]
            return [.string(matchType), .object(members)]
        }
        return [options == nil ? .string(type.name) : .array(names.map(JSON.string)), .object(members)]
    }

    /// The declaration as a member of an object, without what only the machine knows.
    fileprivate static func members(_ inputs: [InputSchema]) -> JSON.Object {
        var sections = JSON.Object()
        for (section, isOptional) in [("required", false), ("optional", true)] {
            let inputs = inputs.filter { $0.isOptional == isOptional }
            if inputs.isEmpty { continue }
            sections[section] = .object(JSON.Object(inputs.map { ($0.name, $0.declaration) }))
        }
        return sections
    }

    /// The declaration in an error: a long or computed list is left out, as ComfyUI does.
    var config: JSON {
        var names: [String] = []
        if case .list(let list) = options, list.count <= 20 { names = list }
        return json(options: names)
    }

    /// The declaration with all that is known without looking at the machine: computed lists are empty.
    var declaration: JSON {
        if case .list(let names) = options { json(options: names) } else { json(options: []) }
    }

    private func description(options names: [String]) -> JSON.Object {
        var members: JSON.Object = [:]
        // The first option is the default anyway.
        if options == nil || defaultValue?.string != names.first { members["default"] = defaultValue }
        members["min"] = minimum
        members["max"] = maximum
        for (key, value) in attributes { members[key] = value }
        if !help.isEmpty { members["tooltip"] = .string(help) }
        return members
    }
}
