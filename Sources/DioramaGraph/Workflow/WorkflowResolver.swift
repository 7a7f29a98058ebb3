/// Finds where the value of an input comes from, through all that does not run: reroutes, borders of subgraphs, bypassed
/// nodes, primitives.
struct WorkflowResolver {
    /// What an input of a node gets.
    enum Source {
        /// An output of a node that runs.
        case output(WorkflowScopes.Place, slot: Int)
        case value(JSON)
        /// Nothing: the widget's own value, if there is a widget.
        case nothing
    }

    /// What is wrong on the way.
    private(set) var issues: [GraphIssue] = []
    /// Set when finding all sources takes more steps than any real workflow.
    private(set) var isExhausted = false

    private let scopes: WorkflowScopes
    private var steps = 0
    private static let mostSteps = 2_000_000
    private static let mostCircles = 16
    /// How many nodes of a circle a sentence names.
    private static let mostNames = 12

    init(_ scopes: WorkflowScopes) { self.scopes = scopes }

    /// Where the way goes on.
    private enum Step {
        case input(WorkflowScopes.Place, slot: Int)
        case output(WorkflowScopes.Place, slot: Int, type: PortType)
        case end(Source)
    }

    /// The source of an input.
    ///
    /// - Parameters:
    ///   - place: the node that takes the value.
    ///   - slot: the position of the input in the file.
    /// - Returns: where the value comes from; nothing when the way is cut or leads round in a circle.
    mutating func source(of place: WorkflowScopes.Place, slot: Int) -> Source {
        var passed: [WorkflowScopes.Place] = []
        var seen: Set<Mark> = []
        var step = Step.input(place, slot: slot)
        while true {
            steps += 1
            guard steps <= Self.mostSteps else {
                isExhausted = true
                return .nothing
            }
            switch step {
            case .end(let source): return source
            case .input(let place, let slot): step = before(input: slot, of: place)
            case .output(let at, let output, let type):
                guard seen.insert(Mark(place: at, slot: output)).inserted else {
                    noteCircle(passed, at, takenBy: place, slot)
                    return .nothing
                }
                passed.append(at)
                step = behind(output: output, of: at, type)
            }
        }
    }

    private struct Mark: Hashable {
        let place: WorkflowScopes.Place
        let slot: Int
    }

    // MARK: One step

    private func before(input slot: Int, of place: WorkflowScopes.Place) -> Step {
        let input = scopes.node(place).inputs[slot]
        let graph = scopes.graph(of: place)
        guard let link = input.link.flatMap({ graph.links[$0] }) else { return .end(.nothing) }
        switch link.origin {
        case .border: return outside(input: link.slot, of: place.scope)
        case .node(let id):
            guard let node = graph.positions[id] else { return .end(.nothing) }
            return .output(
                .init(scope: place.scope, node: node), slot: link.slot,
                type: link.type == .any ? input.type : link.type)
        }
    }

    /// From the input side of a subgraph's border to the node that stands for it.
    private func outside(input: Int, of scope: Int) -> Step {
        let graph = scopes.workflow.graphs[scopes.scopes[scope].graph]
        guard let host = scopes.scopes[scope].host, graph.inputs.indices.contains(input) else {
            return .end(.nothing)
        }
        let node = scopes.node(host)
        if let slot = node.slots[graph.inputs[input].name], node.inputs[slot].link != nil {
            return .input(host, slot: slot)
        }
        return .end(node.value(ofPromoted: input, in: graph).map(Source.value) ?? .nothing)
    }

    private mutating func behind(output: Int, of place: WorkflowScopes.Place, _ type: PortType) -> Step {
        let node = scopes.node(place)
        switch (node.mode, node.role) {
        case (.muted, _), (_, .note): return .end(.nothing)
        case (_, .reroute), (_, .setter):
            return node.inputs.isEmpty ? .end(.nothing) : .input(place, slot: 0)
        case (_, .getter): return named(node, place)
        case (.bypassed, _):
            steps += node.inputs.count
            return node.passed(output: output, type).map { .input(place, slot: $0) } ?? .end(.nothing)
        case (_, .primitive): return .end(node.widgets.first.map(Source.value) ?? .nothing)
        case (.active, .ordinary):
            guard let scope = scopes.inside(place) else { return .end(.output(place, slot: output)) }
            return inside(output: output, of: scope, type)
        }
    }

    /// From an output of the node that stands for a subgraph to what feeds it within.
    private func inside(output: Int, of scope: Int, _ type: PortType) -> Step {
        let graph = scopes.workflow.graphs[scopes.scopes[scope].graph]
        guard let link = graph.feeds[output] else { return .end(.nothing) }
        switch link.origin {
        case .border: return outside(input: link.slot, of: scope)
        case .node(let id):
            guard let node = graph.positions[id] else { return .end(.nothing) }
            return .output(.init(scope: scope, node: node), slot: link.slot, type: type)
        }
    }

    private func named(_ getter: WorkflowNode, _ place: WorkflowScopes.Place) -> Step {
        guard let name = getter.widgets.first?.string, let setter = scopes.graph(of: place).setters[name]
        else { return .end(.nothing) }
        return .output(.init(scope: place.scope, node: setter), slot: 0, type: .any)
    }

    // MARK: Circles

    private mutating func noteCircle(
        _ passed: [WorkflowScopes.Place], _ again: WorkflowScopes.Place,
        takenBy place: WorkflowScopes.Place, _ slot: Int
    ) {
        guard issues.count < Self.mostCircles, let start = passed.firstIndex(of: again) else { return }
        let circle = passed[start...]
        var names = circle.prefix(Self.mostNames).map { scopes.id($0) }
        if circle.count > Self.mostNames { names.append("… \(circle.count - Self.mostNames) more …") }
        names.append(scopes.id(again))
        let input = scopes.node(place).inputs[slot].name
        let path = names.joined(separator: " -> ")
        issues.append(
            GraphIssue(
                .dependencyCycle,
                "the link of \(quoted(input)) leads round in a circle of nodes that only hand values on: \(path)",
                at: scopes.label(place), input: input, found: path))
    }
}

extension WorkflowNode {
    /// The input that a bypassed node hands on for an output.
    ///
    /// The input beside the output if it is of the same type, else the first of that type, else the first that fits.
    ///
    /// - Parameters:
    ///   - output: the output's position.
    ///   - type: what the taker wants.
    /// - Returns: the input's position, nil when none fits.
    func passed(output: Int, _ type: PortType) -> Int? {
        if type == .any { return inputs.indices.contains(output) ? output : inputs.indices.first }
        let given = outputs.indices.contains(output) ? outputs[output] : type
        if given == type, inputs.indices.contains(output), inputs[output].type == type { return output }
        return inputs.firstIndex { $0.type == type } ?? inputs.firstIndex { type.accepts($0.type) }
    }

    /// The value that the node of a subgraph holds for one of its inputs.
    ///
    /// - Parameters:
    ///   - input: the position among the subgraph's inputs.
    ///   - graph: the subgraph.
    /// - Returns: the value, nil when the inner widget's own counts.
    func value(ofPromoted input: Int, in graph: WorkflowGraph) -> JSON? {
        let name = graph.inputs[input].name
        if let value = named?[name] { return value }
        let position = ownWidgets.map { $0[name] } ?? graph.promoted[input]
        guard let position, widgets.indices.contains(position), widgets[position] != .null else {
            return nil
        }
        return widgets[position]
    }
}
