#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// What a node may use while it runs.
public struct RunContext: Sendable {
    /// Which node this is.
    public let node: NodeLabel
    /// Folders and shared resources.
    public let environment: RunEnvironment

    private let cancellation: Cancellation
    private let send: @Sendable (RunEvent) -> Void
    private let place = ExpansionBox()

    /// A context for one call of a node, for the engine and for tests of single nodes.
    ///
    /// - Parameters:
    ///   - node: which node this is.
    ///   - environment: folders and shared resources.
    ///   - cancellation: what `checkCancellation` looks at besides the current task.
    ///   - send: receives progress, previews and files; may be called from any thread.
    public init(
        node: NodeLabel, environment: RunEnvironment, cancellation: Cancellation = Cancellation(),
        send: @escaping @Sendable (RunEvent) -> Void = { _ in }
    ) {
        self.node = node
        self.environment = environment
        self.cancellation = cancellation
        self.send = send
    }

    /// The node's id in the graph.
    public var nodeID: String { node.id }

    /// The node's title in the graph.
    public var title: String { node.title }

    /// Where models, inputs and outputs are.
    public var folders: Folders { environment.folders }

    /// The shared resource of a type: `try context.resource(Device.self)`.
    ///
    /// - Parameter type: the type under which the application stored it.
    /// - Returns: the resource.
    /// - Throws: `MissingResource` when the application gave none.
    public func resource<Resource: Sendable>(_ type: Resource.Type) throws(MissingResource) -> Resource {
        try environment.resource(type)
    }

    /// Tells how far the node is.
    ///
    /// - Parameters:
    ///   - step: how many steps are done.
    ///   - total: how many there are.
    public func progress(_ step: Int, of total: Int) {
        send(.progress(node, step: step, total: total))
    }

    /// Tells of a part of a step that has been worked off; sent often, and only looked at where steps are long.
    ///
    /// - Parameter unit: which part, and when.
    public func report(_ unit: WorkUnit) {
        send(.unit(node, unit))
    }

    /// Shows what the result may look like.
    ///
    /// - Parameter preview: a small encoded picture.
    public func preview(_ preview: Preview) {
        send(.preview(node, preview))
    }

    /// Tells the user of something that is no error but worth knowing.
    ///
    /// - Parameter message: one sentence.
    public func notice(_ message: String) {
        send(.notice(node, message))
    }

    /// Tells of a file that the node has finished writing.
    ///
    /// - Parameter file: its final place.
    public func report(file: URL) {
        send(.artefact(Artefact(node: node, file: file)))
    }

    /// Puts a graph in this node's place; outputs take their values from it by `$output.link(to:)`.
    ///
    /// - Parameter expansion: the graph; a second call replaces the first.
    public func expand(_ expansion: Expansion) { place.expansion = expansion }

    /// The graph that the node put in its place, nil when it put none.
    public var expansion: Expansion? { place.expansion }

    /// Whether the run was stopped.
    public var isCancelled: Bool { cancellation.isCancelled || Task.isCancelled }

    /// Ends the node if the run was stopped: call it between steps.
    ///
    /// - Throws: `CancellationError` when the run was stopped.
    public func checkCancellation() throws {
        if isCancelled { throw CancellationError() }
    }

    /// An error about one input: `throw context.fail("latent_image", "has 3 channels, the model wants 16")`.
    ///
    /// - Parameters:
    ///   - input: the input's name in graphs.
    ///   - message: what is wrong with it and what to do, to follow the input's name.
    /// - Returns: the error to throw.
    public func fail(_ input: String, _ message: String) -> any Error {
        InputError(input: input, message: message)
    }

    /// An error about one input: `throw context.fail($latent, "has 3 channels, the model wants 16")`.
    ///
    /// - Parameters:
    ///   - input: the input.
    ///   - message: what is wrong with it and what to do, to follow the input's name.
    /// - Returns: the error to throw.
    public func fail<Value>(_ input: InputReference<Value>, _ message: String) -> any Error {
        fail(input.name, message)
    }
}

/// What a node says is wrong with an input's value while it runs.
public struct InputError: Error, Hashable, CustomStringConvertible {
    /// The input's name in graphs.
    public let input: String
    /// What is wrong and what to do.
    public let message: String
    /// The input's name, then the message.
    public var description: String { "\(input) \(message)" }
}
