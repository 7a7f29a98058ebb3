import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// One call of a node: a fresh instance, its inputs filled, run, its outputs taken.
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

    /// Runs the node on the current thread.
    ///
    /// - Returns: its outputs and the files it wrote.
    /// - Throws: what the node throws, or a sentence about an input or output that has no fitting value.
    func run() async throws -> ResultCache.Result {
        let node = step.node.type.init()
        let ports = NodePorts(of: node)
        try fill(ports, from: inputs.take())
        let artefacts = ArtefactList()
        let context = RunContext(node: step.label, environment: environment, cancellation: cancellation) {
            event in
            if case .artefact(let artefact) = event { artefacts.append(artefact) }
            send(event)
        }
        try context.checkCancellation()
        try await node.run(context)
        return ResultCache.Result(values: try outputs(of: ports), artefacts: artefacts.all)
    }

    private func fill(_ ports: NodePorts, from linked: [(any PortValue)?]) throws {
        ports.fillLiterals(step.bindings)
        for ((port, value), schema) in zip(zip(ports.inputs, linked), step.node.schema.inputs) {
            guard let value else { continue }
            guard port.fill(value) else {
                let brief = (value as? any LiteralValue)?.json.brief
                throw InputError(
                    input: "\"\(schema.name)\"",
                    message: "takes \(schema.type.phrase), which cannot be made of the value it is linked to"
                        + (brief.map { ", \($0)" } ?? " (\(type(of: value)))"))
            }
            if let problem = schema.problem(withLinked: value) {
                throw InputError(input: "\"\(schema.name)\"", message: problem.predicate)
            }
        }
        for port in ports.hidden {
            switch port.schema.kind {
            case .prompt: port.fill(hidden.prompt)
            case .extraPNGInfo: port.fill(hidden.extraPNGInfo)
            case .uniqueID: port.fill(step.label.id)
            }
        }
    }

    private func outputs(of ports: NodePorts) throws -> [any PortValue] {
        try ports.outputs.map { port in
            guard let value = port.result else { throw MissingOutput(name: port.schema.name) }
            return value
        }
    }
}

/// The values of a node's linked inputs on their way into the node.
///
/// Whoever takes them is the only one to hold them: they are freed when the node ends, not when its task has been
/// cleared away.
final class Handover: Sendable {
    private let values: Mutex<[(any PortValue)?]>

    /// Holds values until they are taken.
    ///
    /// - Parameter values: one an input, nil where it is not linked.
    init(_ values: [(any PortValue)?]) { self.values = Mutex(values) }

    /// Frees the values.
    func drop() { _ = take() }

    /// Gives the values away.
    ///
    /// - Returns: the values the first time, nothing later.
    func take() -> [(any PortValue)?] {
        values.withLock { values in
            defer { values = [] }
            return values
        }
    }
}

/// A node ended without setting an output.
struct MissingOutput: Error, CustomStringConvertible {
    let name: String
    var description: String { "the node ended without setting its output \"\(name)\"" }
}

/// The files that a call reports, from whatever thread.
private final class ArtefactList: Sendable {
    private let list = Mutex<[Artefact]>([])

    var all: [Artefact] { list.withLock { $0 } }

    func append(_ artefact: Artefact) { list.withLock { $0.append(artefact) } }
}
