import Synchronization

/// The nodes that graphs may use: a value, passed to whatever reads graphs.
///
/// ```swift
/// let catalog = try NodeCatalog.builtin + [Vignette.self]
/// ```
public struct NodeCatalog: Sendable {
    /// A node and its declaration, which is read once, when it is first asked for.
    final class Entry: Sendable {
        let type: any Node.Type
        private let declaration: Mutex<NodeSchema?>

        init(_ type: any Node.Type, _ schema: NodeSchema? = nil) {
            self.type = type
            declaration = Mutex(schema)
        }

        var schema: NodeSchema {
            declaration.withLock { declaration in
                if let declaration { return declaration }
                let schema = NodeSchema(of: type)
                declaration = schema
                return schema
            }
        }
    }

    private var entries: [String: Entry] = [:]
    /// The class names in the order given.
    public private(set) var classNames: [String] = []

    /// A catalog of these nodes.
    ///
    /// - Parameter types: the nodes, in the order in which descriptions list them.
    /// - Throws: `NodeDeclarationError` with every mistake in the declarations: names used twice, defaults outside
    ///   their range or list.
    public init(_ types: [any Node.Type]) throws(NodeDeclarationError) {
        try add(types)
    }

    /// A catalog of nodes whose declarations have no mistakes, as tests have shown.
    ///
    /// Each is read when it is first asked for: to read those of all nodes takes nearly as long as everything else that checking a graph does.
    ///
    /// - Parameter types: the nodes, in the order in which descriptions list them.
    package init(tested types: [any Node.Type]) {
        for type in types {
            let name = type.spec.className
            precondition(entries[name] == nil, "two nodes are named \(name)")
            entries[name] = Entry(type)
            classNames.append(name)
        }
    }

    /// A catalog with more nodes.
    ///
    /// - Parameters:
    ///   - catalog: the nodes so far.
    ///   - types: the nodes to add.
    /// - Returns: the larger catalog.
    /// - Throws: `NodeDeclarationError` with every mistake in the new declarations.
    public static func + (catalog: Self, types: [any Node.Type]) throws(NodeDeclarationError) -> Self {
        var sum = catalog
        try sum.add(types)
        return sum
    }

    /// Every node's declaration, in the order given.
    public var schemas: [NodeSchema] { classNames.compactMap { entries[$0]?.schema } }

    /// The declaration of a class, nil when the catalog does not have it.
    ///
    /// - Parameter className: `class_type` in graphs.
    public subscript(className: String) -> NodeSchema? { entries[className]?.schema }

    /// The nodes, in the order given.
    package var types: [any Node.Type] { classNames.compactMap { entries[$0]?.type } }

    func entry(_ className: String) -> Entry? { entries[className] }

    private mutating func add(_ types: [any Node.Type]) throws(NodeDeclarationError) {
        var problems: [String] = []
        for type in types {
            let schema = NodeSchema(of: type)
            let name = schema.spec.className
            problems += schema.declarationProblems.map { "\(type): \($0)" }
            guard entries[name] == nil else {
                problems.append(
                    "\(type): the class name \"\(name)\" is taken by \(entries[name]?.type ?? type)")
                continue
            }
            entries[name] = Entry(type, schema)
            classNames.append(name)
        }
        if !problems.isEmpty { throw NodeDeclarationError(problems: problems) }
    }
}

/// Mistakes in the declarations of nodes: the work of their author, not of a graph's.
public struct NodeDeclarationError: Error, Hashable, CustomStringConvertible {
    /// One sentence a mistake, beginning with the Swift type.
    public let problems: [String]
    /// The sentences, a line each.
    public var description: String { problems.joined(separator: "\n") }
}

extension NodeSchema {
    /// What is wrong with the declaration, a sentence each.
    var declarationProblems: [String] {
        var problems: [String] = []
        if spec.className.isEmpty { problems.append("the class name is empty") }
        problems += repeated(inputs.map(\.name) + hidden.map(\.name)).map { "two inputs are named \"\($0)\"" }
        problems += repeated(outputs.map(\.name)).map {
            "two outputs are named \"\($0)\"; give them names with @Output(\"...\", name: \"...\")"
        }
        if outputs.isEmpty, !spec.isOutput { problems.append("it has no @Output and is no output node") }
        return problems + inputs.flatMap(\.declarationProblems)
    }

    private func repeated(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        var twice: [String] = []
        for name in names where !seen.insert(name).inserted && !twice.contains(name) { twice.append(name) }
        return twice
    }
}

extension InputSchema {
    fileprivate var declarationProblems: [String] {
        guard let defaultValue else { return [] }
        if case .list(let names) = options, validatesOptions, let text = defaultValue.string,
            !names.contains(text)
        {
            return ["the default \"\(text)\" of \"\(name)\" is not among its options"]
        }
        switch bound(violatedBy: defaultValue) {
        case .minimum(let limit):
            return ["the default \(defaultValue) of \"\(name)\" is below its minimum \(limit)"]
        case .maximum(let limit):
            return ["the default \(defaultValue) of \"\(name)\" is above its maximum \(limit)"]
        case nil: return []
        }
    }

    /// An end of the allowed range.
    enum Bound: Hashable {
        case minimum(JSON)
        case maximum(JSON)
    }

    /// Which end of the range a number is beyond, nil when it is within; NaN is within, as in ComfyUI.
    func bound(violatedBy value: JSON) -> Bound? {
        if let minimum, isLess(value, minimum) { return .minimum(minimum) }
        if let maximum, isLess(maximum, value) { return .maximum(maximum) }
        return nil
    }
}

/// Whether one number is less than another, exactly for whole numbers; false when either is no number.
private func isLess(_ a: JSON, _ b: JSON) -> Bool {
    switch (a, b) {
    case (.integer(let a), .integer(let b)): a < b
    case (.unsigned(let a), .unsigned(let b)): a < b
    case (.integer, .unsigned): true
    case (.unsigned, .integer): false
    default: (a.double ?? .nan) < (b.double ?? .nan)
    }
}
