/// Turns a workflow of ComfyUI's editor into a graph in API form.
///
/// Subgraphs are put in place, lines are followed through all that does not run, and widgets get the names of their
/// declaration, as the editor itself does when it sends a workflow to its server.
package struct WorkflowConversion {
    /// The graph in API form; meaningless when one of the issues is an error.
    package private(set) var graph = JSON.Object()
    /// Everything that is wrong.
    package private(set) var issues: [GraphIssue] = []

    private let declarations: NodeDeclarations
    private let scopes: WorkflowScopes
    private var resolver: WorkflowResolver
    private var known: [String: NodeDeclaration?] = [:]
    private var bytes = 0
    private static let mostBytes = 128 << 20

    /// Converts.
    ///
    /// - Parameters:
    ///   - json: the workflow as the editor saves it.
    ///   - declarations: the classes it may use.
    package init(_ json: JSON, declarations: NodeDeclarations) {
        let workflow = Workflow(json)
        self.declarations = declarations
        issues = workflow.issues
        // A subgraph that contains itself would never end.
        let isEndless = issues.contains { $0.kind == .dependencyCycle }
        scopes = WorkflowScopes(isEndless ? Workflow([:]) : workflow)
        resolver = WorkflowResolver(scopes)
        if let issue = scopes.issue {
            issues.append(issue)
        } else {
            convert()
        }
    }

    private mutating func convert() {
        var unknown: [NodeLabel] = []
        var isNameless = false
        for place in scopes.places {
            let node = scopes.node(place)
            let declaration = declaration(of: node.className)
            if declaration == nil, node.isNamedBySubgraph {
                noteNoDefinition(of: place)
                continue
            }
            if declaration == nil { unknown.append(scopes.label(place)) }
            let widgets =
                declaration.map { WidgetValues(of: node, $0) } ?? WidgetValues(ofUnknown: node)
            isNameless = isNameless || widgets == nil
            emit(node, at: place, widgets?.values ?? [:], misfits: widgets?.misfits ?? [], declaration)
            guard bytes <= Self.mostBytes, !resolver.isExhausted else { return noteSize() }
        }
        issues += resolver.issues
        // A class that is not known is told when the graph is checked, unless the conversion fails for it.
        guard isNameless else { return }
        var classes = UnknownClasses(knowing: declarations.classNames)
        issues = unknown.map { classes.issue(at: $0) } + issues
    }

    // MARK: Nodes

    private mutating func emit(
        _ node: WorkflowNode, at place: WorkflowScopes.Place, _ widgets: JSON.Object,
        misfits: [WidgetValues.Misfit], _ declaration: NodeDeclaration?
    ) {
        var inputs = JSON.Object(widgets.map { ($0.key, InputValue.literal($0.value).json) })
        var linked: Set<String> = []
        for (slot, input) in node.inputs.enumerated() where input.link != nil {
            switch resolver.source(of: place, slot: slot) {
            case .nothing: continue
            case .value(let value): inputs[input.name] = InputValue.literal(value).json
            case .output(let source, let output):
                inputs[input.name] = InputValue.link(Link(scopes.id(source), .index(output))).json
            }
            linked.insert(input.name)
        }
        for misfit in misfits where !linked.contains(misfit.name) { note(misfit, of: node, at: place) }
        let id = scopes.id(place)
        if graph[id] != nil {
            issues.append(
                GraphIssue(.duplicateKey, "two nodes have this id in API form", at: scopes.label(place)))
        }
        let title = node.title ?? declaration?.title ?? node.className
        graph[id] = [
            "inputs": .object(inputs), "class_type": .string(node.className),
            "_meta": ["title": .string(title)],
        ]
        bytes += id.utf8.count + 64 + 8 * node.inputs.count
        bytes += inputs.reduce(0) { $0 + $1.key.utf8.count + $1.value.weight }
    }

    private mutating func declaration(of className: String) -> NodeDeclaration? {
        if let declaration = known[className] { return declaration }
        let declaration = declarations[className]
        known[className] = .some(declaration)
        return declaration
    }

    // MARK: Issues

    private mutating func note(
        _ misfit: WidgetValues.Misfit, of node: WorkflowNode, at place: WorkflowScopes.Place
    ) {
        issues.append(
            GraphIssue(
                .invalidInputType,
                "\(quoted(misfit.name)) takes \(misfit.kind.phrase), but widget \(misfit.position + 1) of "
                    + "\(node.widgets.count) is \(misfit.value.brief): the node was saved with other widgets than it "
                    + "has here",
                at: scopes.label(place), input: misfit.name, expected: misfit.kind.phrase,
                found: misfit.value.brief))
    }

    private mutating func noteNoDefinition(of place: WorkflowScopes.Place) {
        let label = scopes.label(place)
        issues.append(
            GraphIssue(
                .missingNodeType,
                "it stands for the subgraph \(label.className), which the file does not define; save the workflow "
                    + "again in the editor that has it",
                at: label, found: label.className))
    }

    private mutating func noteSize() {
        let reason =
            resolver.isExhausted
            ? "its lines lead through too many nodes that only hand values on"
            : "with its subgraphs put in place it has more than \(Self.mostBytes >> 20) MiB"
        issues.append(GraphIssue(.invalidGraph, "the workflow is too large: \(reason)"))
    }
}

extension WorkflowNode {
    /// Whether the class is the id of a subgraph, a UUID, rather than the name of a class.
    fileprivate var isNamedBySubgraph: Bool {
        let lengths = className.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
            .map(\.count)
        return lengths == [8, 4, 4, 4, 12]
            && className.utf8.allSatisfy {
                $0 == UInt8(ascii: "-") || Character(Unicode.Scalar($0)).isHexDigit
            }
    }
}

extension JSON {
    /// About how many bytes the value has as a text.
    fileprivate var weight: Int {
        switch self {
        case .string(let text): text.utf8.count + 4
        case .array(let elements): elements.reduce(4) { $0 + $1.weight }
        case .object(let members): members.reduce(4) { $0 + $1.key.utf8.count + $1.value.weight }
        default: 8
        }
    }
}
