/// An input that grows: as many inputs of one kind as the graph gives.
///
/// ```swift
/// @GrowingInput("Pictures to put behind each other.", prefix: "image", in: 1...50) var images: [ImageBatch]
/// ```
///
/// In graphs its members are named after the input and a dot: `"images.image0": ["3", 0], "images.image1": ["7", 0]`.
@propertyWrapper
public struct GrowingInput<Value: PortValue> {
    private let store: GrowingStore<Value>
    let definition: InputSchema

    /// The values that the graph gives, in the order of their names.
    public var wrappedValue: [Value] { store.members.flatMap(\.values) }

    /// The members with their names.
    public var projectedValue: GrowingReference<Value> { GrowingReference(store: store) }

    /// Declares inputs numbered from 0: `image0`, `image1`, ...
    ///
    /// - Parameters:
    ///   - help: what each of them means, with shapes and units.
    ///   - prefix: what stands before the number.
    ///   - count: how many the graph must give at least and may give at most.
    ///   - takesLists: whether each takes a whole list; the node then runs once for all of them.
    ///   - name: the name in graphs; the property's in snake_case when nil.
    ///   - type: what a link must give, where that is narrower than the property's type.
    ///   - match: the template whose inputs and outputs are all of one type.
    public init(
        _ help: String, prefix: String, in count: ClosedRange<Int>, takesLists: Bool = false,
        name: String? = nil,
        type: PortType = Value.portType, match: String? = nil
    ) {
        let rule = GrowthRule(
            names: (0..<count.upperBound).map { "\(prefix)\($0)" }, prefix: prefix, minimum: count.lowerBound)
        self.init(help, rule, takesLists, name, type, match)
    }

    /// Declares inputs of these names.
    ///
    /// - Parameters:
    ///   - help: what each of them means, with shapes and units.
    ///   - names: the names there are, in order.
    ///   - minimum: how many of them the graph must give, from the first on.
    ///   - takesLists: whether each takes a whole list; the node then runs once for all of them.
    ///   - name: the name in graphs; the property's in snake_case when nil.
    ///   - type: what a link must give, where that is narrower than the property's type.
    ///   - match: the template whose inputs and outputs are all of one type.
    public init(
        _ help: String, names: [String], minimum: Int = 0, takesLists: Bool = false, name: String? = nil,
        type: PortType = Value.portType, match: String? = nil
    ) {
        let rule = GrowthRule(names: names, prefix: nil, minimum: minimum)
        self.init(help, rule, takesLists, name, type, match)
    }

    private init(
        _ help: String, _ rule: GrowthRule, _ takesLists: Bool, _ name: String?, _ type: PortType,
        _ match: String?
    ) {
        var member = InputSchema(
            name: "", help: help, type: type, isOptional: false, defaultValue: nil, minimum: nil,
            maximum: nil,
            options: nil, validatesOptions: true, attributes: [:],
            literal: type == Value.portType ? literalReader(Value.self) : nil)
        member.takesList = takesLists
        member.template = match
        var schema = member
        schema.name = name ?? ""
        schema.form = .growing(rule, each: member)
        definition = schema
        store = GrowingStore(name: schema.name)
    }
}

/// The members of a growing input.
public struct GrowingReference<Value: PortValue> {
    let store: GrowingStore<Value>

    /// The name in graphs.
    public var name: String { store.name }

    /// What each member gave, in order, by its own name, such as `image0`: one value, or any number where it takes
    /// lists.
    ///
    /// Members that are linked have no value before the node runs and are left out.
    public var members: [(name: String, values: [Value])] {
        store.members.filter(\.isFilled).map { (String($0.name.dropFirst(store.name.count + 1)), $0.values) }
    }

    /// Gives the members values, as the engine does; for tests of single nodes.
    ///
    /// - Parameter values: one value a member, by the member's own name.
    public func set(_ values: KeyValuePairs<String, Value>) {
        store.members = values.map { name, value in
            let member = GrowingMember<Value>(name: "\(store.name).\(name)")
            _ = member.fill([value])
            return member
        }
    }
}

/// The members of a growing input, shared by the copies of one node instance.
final class GrowingStore<Value: PortValue> {
    var name: String
    var members: [GrowingMember<Value>] = []

    init(name: String) { self.name = name }
}

/// One member of a growing input.
final class GrowingMember<Value: PortValue>: ValueSlot {
    let name: String
    private(set) var values: [Value] = []
    private(set) var isFilled = false

    init(name: String) { self.name = name }

    func fill(_ values: [any PortValue]) -> Bool {
        let fitting = values.compactMap { converted($0, to: Value.self) }
        guard fitting.count == values.count else { return false }
        self.values = fitting
        isFilled = true
        return true
    }

    func expectLink() {}
}

extension GrowingInput: InputPort {
    var slotName: String {
        get { store.name }
        nonmutating set { store.name = newValue }
    }

    func slot(of input: InputSchema, at path: Substring?) -> (any ValueSlot)? {
        guard let path else { return nil }
        store.name = String(input.name.dropLast(path.count + 1))
        let member = GrowingMember<Value>(name: input.name)
        store.members.append(member)
        return member
    }
}
