extension Input where Value: PortValue {
    /// A socket, or a widget without default: the graph must give a link, or a literal if the type has literals.
    ///
    /// - Parameters:
    ///   - help: what it means, with shapes and units.
    ///   - name: the name in graphs; the property's in snake_case when nil.
    ///   - lazy: whether it is only evaluated when `checkLazy` asks for it.
    ///   - type: what a link must give, where that is narrower than the property's type.
    ///   - match: the template whose inputs and outputs are all of one type.
    ///   - attributes: anything else for the node's description, as ComfyUI names it.
    public init(
        _ help: String, name: String? = nil, lazy: Bool = false, type: PortType = Value.portType,
        match: String? = nil, attributes: JSON.Object = .init()
    ) {
        self.init(
            help, name, type: type, match: match, attributes: described(["lazy": flag(lazy)], attributes))
    }

    /// A whole, fractional, true-or-false or own value with a default.
    ///
    /// - Parameters:
    ///   - wrappedValue: the default.
    ///   - help: what it means.
    ///   - name: the name in graphs; the property's in snake_case when nil.
    ///   - optional: whether to list it among the optional inputs.
    ///   - attributes: anything else for the node's description, as ComfyUI names it.
    public init(
        wrappedValue: Value, _ help: String, name: String? = nil, optional: Bool = false,
        attributes: JSON.Object = .init()
    ) where Value: LiteralValue {
        self.init(help, name, initial: wrappedValue, optional: optional, attributes: attributes)
    }

    private init(
        _ help: String, _ name: String?, initial: Value? = nil, optional: Bool = false,
        range: (min: JSON?, max: JSON?) = (nil, nil), options: InputOptions? = nil,
        validateOptions: Bool = true, refusal: OptionRefusal? = nil, type: PortType = Value.portType,
        match: String? = nil, attributes: JSON.Object
    ) {
        var schema = InputSchema(
            name: name ?? "", help: help, type: options == nil ? type : .combo,
            isOptional: optional, defaultValue: (initial as? any LiteralValue)?.json,
            minimum: range.min, maximum: range.max, options: options, validatesOptions: validateOptions,
            attributes: attributes, literal: type == Value.portType ? literalReader(Value.self) : nil)
        schema.refusal = refusal
        schema.template = match
        self.init(definition: schema, initial: initial, convert: { converted($0, to: Value.self) })
    }
}

extension Input where Value: WholeNumberValue {
    /// A whole number with a default.
    ///
    /// - Parameters:
    ///   - wrappedValue: the default.
    ///   - help: what it means.
    ///   - range: the numbers allowed; all that the type holds when nil.
    ///   - step: what an editor adds with one click; not enforced, as in ComfyUI.
    ///   - name: the name in graphs; the property's in snake_case when nil.
    ///   - optional: whether to list it among the optional inputs.
    ///   - controlAfterGenerate: whether editors may change it after each run, as they do with seeds.
    ///   - advanced: whether editors hide it at first.
    ///   - attributes: anything else for the node's description, as ComfyUI names it.
    public init(
        wrappedValue: Value, _ help: String, in range: ClosedRange<Value>? = nil, step: Value? = nil,
        name: String? = nil, optional: Bool = false, controlAfterGenerate: Bool = false,
        advanced: Bool = false,
        attributes: JSON.Object = .init()
    ) {
        let range = range ?? (Value.isSigned ? nil : Value.min...Value.max)
        self.init(
            help, name, initial: wrappedValue, optional: optional,
            range: (range?.lowerBound.json, range?.upperBound.json),
            attributes: described(
                [
                    "step": step?.json, "control_after_generate": flag(controlAfterGenerate),
                    "advanced": flag(advanced),
                ],
                attributes))
    }
}

extension Input where Value == Double {
    /// A number with a default.
    ///
    /// - Parameters:
    ///   - wrappedValue: the default.
    ///   - help: what it means.
    ///   - range: the numbers allowed; all when nil.
    ///   - step: what an editor adds with one click; not enforced, as in ComfyUI.
    ///   - round: to what an editor rounds; not enforced, as in ComfyUI.
    ///   - name: the name in graphs; the property's in snake_case when nil.
    ///   - optional: whether to list it among the optional inputs.
    ///   - advanced: whether editors hide it at first.
    ///   - attributes: anything else for the node's description, as ComfyUI names it.
    public init(
        wrappedValue: Double, _ help: String, in range: ClosedRange<Double>? = nil, step: Double? = nil,
        round: Double? = nil, name: String? = nil, optional: Bool = false, advanced: Bool = false,
        attributes: JSON.Object = .init()
    ) {
        self.init(
            help, name, initial: wrappedValue, optional: optional,
            range: (range?.lowerBound.json, range?.upperBound.json),
            attributes: described(
                ["step": step?.json, "round": round?.json, "advanced": flag(advanced)], attributes))
    }
}

extension Input where Value == Bool {
    /// A switch with a default.
    ///
    /// - Parameters:
    ///   - wrappedValue: the default.
    ///   - help: what it means.
    ///   - labelOn: what an editor shows for true.
    ///   - labelOff: what an editor shows for false.
    ///   - name: the name in graphs; the property's in snake_case when nil.
    ///   - optional: whether to list it among the optional inputs.
    ///   - advanced: whether editors hide it at first.
    ///   - attributes: anything else for the node's description, as ComfyUI names it.
    public init(
        wrappedValue: Bool, _ help: String, labelOn: String? = nil, labelOff: String? = nil,
        name: String? = nil,
        optional: Bool = false, advanced: Bool = false, attributes: JSON.Object = .init()
    ) {
        self.init(
            help, name, initial: wrappedValue, optional: optional,
            attributes: described(
                ["label_on": labelOn?.json, "label_off": labelOff?.json, "advanced": flag(advanced)],
                attributes))
    }
}

extension Input where Value == String {
    /// A text with a default.
    ///
    /// - Parameters:
    ///   - wrappedValue: the default.
    ///   - help: what it means.
    ///   - multiline: whether it may have several lines.
    ///   - dynamicPrompts: whether editors expand `{a|b}` in it.
    ///   - placeholder: what an editor shows while it is empty.
    ///   - name: the name in graphs; the property's in snake_case when nil.
    ///   - optional: whether to list it among the optional inputs.
    ///   - advanced: whether editors hide it at first.
    ///   - attributes: anything else for the node's description, as ComfyUI names it.
    public init(
        wrappedValue: String, _ help: String, multiline: Bool = false, dynamicPrompts: Bool = false,
        placeholder: String? = nil, name: String? = nil, optional: Bool = false, advanced: Bool = false,
        attributes: JSON.Object = .init()
    ) {
        self.init(
            help, name, initial: wrappedValue, optional: optional,
            attributes: described(
                [
                    "multiline": flag(multiline), "dynamicPrompts": flag(dynamicPrompts),
                    "placeholder": placeholder?.json, "advanced": flag(advanced),
                ], attributes))
    }

    /// A text that the graph must give.
    ///
    /// - Parameters:
    ///   - help: what it means.
    ///   - multiline: whether it may have several lines.
    ///   - dynamicPrompts: whether editors expand `{a|b}` in it.
    ///   - placeholder: what an editor shows while it is empty.
    ///   - name: the name in graphs; the property's in snake_case when nil.
    ///   - attributes: anything else for the node's description, as ComfyUI names it.
    public init(
        _ help: String, multiline: Bool, dynamicPrompts: Bool = false, placeholder: String? = nil,
        name: String? = nil, attributes: JSON.Object = .init()
    ) {
        self.init(
            help, name,
            attributes: described(
                [
                    "multiline": flag(multiline), "dynamicPrompts": flag(dynamicPrompts),
                    "placeholder": placeholder?.json,
                ], attributes))
    }

    /// A choice with a default.
    ///
    /// - Parameters:
    ///   - wrappedValue: the default, one of the options.
    ///   - help: what it means.
    ///   - options: the texts to choose from.
    ///   - validateOptions: whether a literal must be one of them; false leaves that to the node's `validate`.
    ///   - name: the name in graphs; the property's in snake_case when nil.
    ///   - optional: whether to list it among the optional inputs.
    ///   - advanced: whether editors hide it at first.
    ///   - attributes: anything else for the node's description, as ComfyUI names it.
    public init(
        wrappedValue: String, _ help: String, options: [String], validateOptions: Bool = true,
        name: String? = nil,
        optional: Bool = false, advanced: Bool = false, attributes: JSON.Object = .init()
    ) {
        self.init(
            help, name, initial: wrappedValue, optional: optional, options: .list(options),
            validateOptions: validateOptions,
            attributes: described(["advanced": flag(advanced)], attributes))
    }

    /// A choice that the graph must make.
    ///
    /// - Parameters:
    ///   - help: what it means.
    ///   - options: the texts to choose from.
    ///   - validateOptions: whether a literal must be one of them; false leaves that to the node's `validate`.
    ///   - name: the name in graphs; the property's in snake_case when nil.
    ///   - attributes: anything else for the node's description, as ComfyUI names it.
    public init(
        _ help: String, options: [String], validateOptions: Bool = true, name: String? = nil,
        attributes: JSON.Object = .init()
    ) {
        self.init(
            help, name, options: .list(options), validateOptions: validateOptions, attributes: attributes)
    }

    /// A choice among what the machine has, such as the files of a folder; the graph must make it.
    ///
    /// - Parameters:
    ///   - help: what it means.
    ///   - options: finds the texts to choose from; called for each validation and description.
    ///   - validateOptions: whether a literal must be one of them; false leaves that to the node's `validate`.
    ///   - name: the name in graphs; the property's in snake_case when nil.
    ///   - attributes: anything else for the node's description, such as `["image_upload": true]`.
    ///   - refusal: says of a text that is no option what is wrong with what it names.
    public init(
        _ help: String, options: @escaping @Sendable (RunEnvironment) throws -> [String],
        validateOptions: Bool = true, name: String? = nil, attributes: JSON.Object = .init(),
        refusal: OptionRefusal? = nil
    ) {
        self.init(
            help, name, options: .computed(options), validateOptions: validateOptions, refusal: refusal,
            attributes: attributes)
    }
}

extension Input {
    /// An input that may stay empty: nil when the graph gives neither link nor literal.
    ///
    /// - Parameters:
    ///   - help: what it means, with shapes and units.
    ///   - optional: always true; stands in the declaration for the reader's sake.
    ///   - name: the name in graphs; the property's in snake_case when nil.
    ///   - lazy: whether it is only evaluated when `checkLazy` asks for it.
    ///   - type: what a link must give, where that is narrower than the property's type.
    ///   - match: the template whose inputs and outputs are all of one type.
    ///   - attributes: anything else for the node's description, as ComfyUI names it.
    public init<Wrapped: PortValue>(
        _ help: String, optional: Bool = true, name: String? = nil, lazy: Bool = false,
        type: PortType = Wrapped.portType, match: String? = nil, attributes: JSON.Object = .init()
    ) where Value == Wrapped? {
        var schema = InputSchema(
            name: name ?? "", help: help, type: type, isOptional: true, defaultValue: nil,
            minimum: nil, maximum: nil, options: nil, validatesOptions: true,
            attributes: described(["lazy": flag(lazy)], attributes),
            literal: type == Wrapped.portType ? literalReader(Wrapped.self) : nil)
        schema.template = match
        self.init(definition: schema, initial: .some(nil), convert: { converted($0, to: Wrapped.self) })
    }
}

/// How to read a literal of a type, nil for types that only links can give.
func literalReader<Value: PortValue>(
    _ type: Value.Type
) -> (@Sendable (JSON) throws(LiteralMismatch) -> any LiteralValue)? {
    guard let type = type as? any LiteralValue.Type else { return nil }
    return { json throws(LiteralMismatch) in try type.init(literal: json) }
}

/// A description's members that are said, then the author's own.
private func described(_ known: KeyValuePairs<String, JSON?>, _ own: JSON.Object) -> JSON.Object {
    var all = JSON.Object()
    for (key, value) in known { all[key] = value }
    for (key, value) in own { all[key] = value }
    return all
}

/// True, or nothing.
private func flag(_ isSet: Bool) -> JSON? { isSet ? true : nil }
