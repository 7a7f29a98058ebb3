#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// One piece of work: a node on the values that have come, called once, or once for each place of the lists among them.
struct NodeCall: Sendable {
    let step: Schedule.Step
    let inputs: Handover
    let hidden: HiddenValues
    let environment: RunEnvironment
    let cancellation: Cancellation
    let send: @Sendable (RunEvent) -> Void

    /// What the engine supplies to nodes that ask.
    struct HiddenValues: Sendable {
        let prompt: JSON
        let extraPNGInfo: JSON
    }

    /// What came of it.
    enum Outcome: Sendable {
        /// The node has run, or was not to.
        case made(NodeResult)
        /// It waits for the lazy inputs at these positions.
        case needs([Int])
    }

    /// Runs the node on the current thread, unless it asks for lazy inputs that have not come.
    ///
    /// - Parameter onBegin: told before the node runs.
    /// - Returns: its outputs and the files it wrote, or what it waits for.
    /// - Throws: what the node throws, or a sentence about an input or output that has no fitting value.
    func run(onBegin: @Sendable () -> Void) async throws -> Outcome {
        let schema = step.node.schema
        let mapping = ListMapping(inputs.take(), takesLists: schema.takesLists)
        let missing = try missingInputs(mapping)
        if !missing.isEmpty { return .needs(missing) }

        onBegin()
        let reports = CallReports()
        var outputs = [[any PortValue]](repeating: [], count: schema.outputs.count)
        var expansions: [(call: Int, graph: Expansion)] = []
        for call in 0..<mapping.count {
            let values = mapping.values(at: call)
            if let blocker = values.blocker {
                if let message = blocker.message { reports.note(problem: "blocked: \(message)") }
                for output in outputs.indices { outputs[output].append(Blocker(message: nil)) }
                continue
            }
            let (made, expansion) = try await run(on: values, telling: reports)
            if let expansion { expansions.append((call, expansion)) }
            for (output, values) in made.enumerated() {
                outputs[output] += values.map { ($0 as? ExpansionLink)?.inCall(call) ?? $0 }
            }
        }
        return .made(
            NodeResult(
                values: outputs, artefacts: reports.artefacts, problems: reports.problems,
                expansions: expansions))
    }

    /// One call: a fresh instance, its inputs filled, run, its outputs taken.
    private func run(
        on values: [[any PortValue]?], telling reports: CallReports
    ) async throws -> ([[any PortValue]], Expansion?) {
        let node = step.node.type.init()
        let ports = try filled(node, with: values)
        for port in ports.hidden {
            switch port.schema.kind {
            case .prompt: port.fill(hidden.prompt)
            case .extraPNGInfo: port.fill(hidden.extraPNGInfo)
            case .uniqueID: port.fill(step.label.id)
            }
        }
        let context = RunContext(node: step.label, environment: environment, cancellation: cancellation) {
            event in
            if case .artefact(let artefact) = event { reports.note(artefact) }
            send(event)
        }
        try context.checkCancellation()
        try await node.run(context)
        let made = try ports.outputs.map { port in
            guard let values = port.result else { throw MissingOutput(name: port.schema.name) }
            return values
        }
        return (made, context.expansion)
    }

    /// Fills an instance's inputs.
    private func filled(_ node: any Node, with linked: [[any PortValue]?]) throws -> NodePorts {
        let (ports, slots) = node.filled(step.node.schema, step.bindings)
        for ((slot, values), schema) in zip(zip(slots, linked), step.node.schema.inputs) {
            guard let values else { continue }
            guard slot.fill(values), values.allSatisfy(schema.accepts) else {
                let odd = values.first { !schema.accepts($0) } ?? values.first
                let bare = (odd as? AnyValue)?.value ?? odd
                let brief = (bare as? any LiteralValue)?.json.brief
                throw InputError(
                    input: "\"\(schema.name)\"",
                    message: "takes \(schema.type.phrase), which cannot be made of the value it is linked to"
                        + (brief.map { ", \($0)" } ?? bare.map { " (\(type(of: $0)))" } ?? ", an empty list"))
            }
            for value in values {
                if let problem = schema.problem(withLinked: value) {
                    throw InputError(input: "\"\(schema.name)\"", message: problem.predicate)
                }
            }
        }
        return ports
    }

    // MARK: Lazy inputs

    /// The positions of the lazy inputs that the node asks for and that have not come.
    private func missingInputs(_ mapping: ListMapping) throws -> [Int] {
        let schema = step.node.schema
        let open = schema.inputs.indices.filter { position in
            if case .link = step.bindings[position] {
                schema.inputs[position].isLazy && mapping.linked[position] == nil
            } else {
                false
            }
        }
        if open.isEmpty { return [] }
        var asked: Set<Int> = []
        for call in 0..<mapping.count {
            let values = mapping.values(at: call)
            // What is blocked does not run, so it needs nothing.
            if values.blocker != nil { continue }
            let node = step.node.type.init()
            _ = try filled(node, with: values)
            guard let names = try node.checkLazy() else { return open }
            for name in names {
                guard let position = schema.inputs.firstIndex(where: { $0.name == name }) else {
                    throw UnknownLazyInput(name: name)
                }
                if open.contains(position) { asked.insert(position) }
            }
        }
        return asked.sorted()
    }
}

/// A node asked for an input that it does not have.
struct UnknownLazyInput: Error, CustomStringConvertible {
    let name: String
    var description: String { "checkLazy names \"\(name)\", which is no input of the node" }
}

/// A node ended without setting an output.
struct MissingOutput: Error, CustomStringConvertible {
    let name: String
    var description: String { "the node ended without setting its output \"\(name)\"" }
}

extension InputSchema {
    /// Whether a value is of a type that the input takes, where its property would take more.
    fileprivate func accepts(_ value: any PortValue) -> Bool {
        guard template != nil, type != .any else { return true }
        let inner = (value as? AnyValue)?.value ?? value
        return type.accepts(Swift.type(of: inner).portType)
    }
}
