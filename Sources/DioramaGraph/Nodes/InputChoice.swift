/// Inputs that belong together: those that an option of an `InputChoice` brings.
///
/// ```swift
/// struct PNGOptions: InputGroup {
///     @Input("Bits of a value.", options: ["8-bit", "16-bit"]) var bitDepth = "8-bit"
/// }
/// ```
public protocol InputGroup: SendableMetatype {
    /// An instance whose inputs are not filled yet.
    init()
}

/// An option without inputs of its own.
public struct NoInputs: InputGroup {
    /// Nothing to fill.
    public init() {}
}

/// A choice whose options have inputs of their own.
///
/// ```swift
/// @InputChoice("The file format.", ["png": PNGOptions.self, "exr": EXROptions.self]) var format: any InputGroup
/// ```
///
/// In graphs the option's inputs are named after the choice and a dot: `"format": "png", "format.bit_depth": "8-bit"`.
/// The value is the group that was chosen, filled: `if let png = format as? PNGOptions { ... }`.
@propertyWrapper
public struct InputChoice {
    private let store: ChoiceStore
    let definition: InputSchema

    /// The chosen group, its inputs filled.
    public var wrappedValue: any InputGroup {
        get {
            guard let group = store.group else {
                preconditionFailure("the choice '\(store.name)' was read before it was made")
            }
            return group
        }
        nonmutating set { store.group = newValue }
    }

    /// The choice as a thing to speak about.
    public var projectedValue: ChoiceReference { ChoiceReference(store: store) }

    /// Declares a choice that the graph must make.
    ///
    /// - Parameters:
    ///   - help: what is chosen.
    ///   - options: the groups of inputs, by what the graph writes.
    ///   - name: the name in graphs; the property's in snake_case when nil.
    public init(_ help: String, _ options: KeyValuePairs<String, any InputGroup.Type>, name: String? = nil) {
        var schema = InputSchema(
            name: name ?? "", help: help, type: .combo, isOptional: false, defaultValue: nil, minimum: nil,
            maximum: nil, options: .list(options.map(\.key)), validatesOptions: true, attributes: [:],
            literal: literalReader(String.self))
        schema.form = .choice(
            options.map { InputOption(key: $0.key, inputs: NodePorts(of: $0.value.init()).inputSchemas) })
        definition = schema
        store = ChoiceStore(name: schema.name, options: options.map { ($0.key, $0.value) })
    }
}

/// A choice as a thing to speak about: `$format`.
public struct ChoiceReference {
    let store: ChoiceStore

    /// The name in graphs.
    public var name: String { store.name }
    /// What the graph chose.
    public var key: String { store.key }
}

/// What was chosen, shared by the copies of one node instance.
final class ChoiceStore: ValueSlot {
    var name: String
    private(set) var key = ""
    var group: (any InputGroup)?
    private var ports: NodePorts?
    private let options: [(key: String, type: any InputGroup.Type)]

    init(name: String, options: [(key: String, type: any InputGroup.Type)]) {
        self.name = name
        self.options = options
    }

    func choose(_ key: String) {
        guard let option = options.first(where: { $0.key == key }) else { return }
        let group = option.type.init()
        self.key = key
        self.group = group
        ports = NodePorts(of: group)
    }

    func slot(of input: InputSchema, at path: Substring) -> (any ValueSlot)? {
        ports?.slot(of: input, at: path)
    }

    // The resolved declaration has made the choice already.
    func fill(_ values: [any PortValue]) -> Bool { group != nil }

    func expectLink() {}
}

extension InputChoice: InputPort {
    var slotName: String {
        get { store.name }
        nonmutating set { store.name = newValue }
    }

    func slot(of input: InputSchema, at path: Substring?) -> (any ValueSlot)? {
        if let path { return store.slot(of: input, at: path) }
        if case .chosen(let key) = input.form { store.choose(key) }
        return store
    }
}
