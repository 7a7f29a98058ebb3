@_exported public import DioramaGraph
@_exported public import DioramaNodes
public import DioramaTensor
import Synchronization

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// Where a session finds and puts things, and how much of the machine it takes.
public struct SessionOptions: Sendable {
    /// Folders that hold models, searched in order.
    public var models: [URL]
    /// What graphs read.
    public var input: URL
    /// What graphs write.
    public var output: URL
    /// What may be deleted after the run, such as previews.
    public var temp: URL
    /// One path for what a render writes, in place of the graph's names.
    public var target: URL?
    /// Threads that compute; all the processor's when nil. Results do not depend on it.
    public var threads: Int?

    /// Names folders; none needs to exist yet.
    public init(
        models: [URL], input: URL, output: URL, temp: URL = FileManager.default.temporaryDirectory,
        target: URL? = nil, threads: Int? = nil
    ) {
        self.models = models
        self.input = input
        self.output = output
        self.temp = temp
        self.target = target
        self.threads = threads
    }
}

/// A catalog, folders, a device and an engine: renders graphs, and keeps what they share from one to the next.
///
/// ```swift
/// let session = try Session(nodes: .builtin, options: options)
/// let graph = try session.graph(GraphFile(data: Data(contentsOf: file)))
/// let pictures = try await session.render(graph)
/// ```
public struct Session: Sendable {
    /// The nodes that graphs may use.
    public let catalog: NodeCatalog
    /// Where tensors live and are computed.
    public let device: Device
    private let target: OutputTarget?
    private let engine: Engine

    /// Makes a session; nothing is read or computed yet.
    ///
    /// - Parameters:
    ///   - nodes: the nodes that graphs may use.
    ///   - options: folders and threads.
    ///   - cacheBytes: the most memory to keep results in between renders.
    ///   - observer: told of every operation on tensors, for traces.
    public init(
        nodes: NodeCatalog, options: SessionOptions, cacheBytes: Int = 4 << 30,
        observer: (any OpObserver)? = nil
    ) {
        catalog = nodes
        device = .cpu(threads: options.threads, observer: observer)
        target = options.target.map(OutputTarget.init)
        var resources = Resources().with(device)
        if let target { resources = resources.with(target) }
        let folders = Folders(
            models: options.models, input: options.input, output: options.output, temp: options.temp)
        engine = Engine(RunEnvironment(folders: folders, resources: resources), cacheBytes: cacheBytes)
    }

    /// Where models, inputs and outputs are.
    public var folders: Folders { engine.environment.folders }

    /// Validates a graph.
    ///
    /// - Throws: `GraphError` with everything that is wrong.
    public func graph(_ file: GraphFile) throws(GraphError) -> Graph {
        try Graph(file, catalog: catalog, environment: engine.environment)
    }

    /// Renders a graph: runs what its outputs need.
    ///
    /// - Parameters:
    ///   - graph: from ``graph(_:)``.
    ///   - force: whether output nodes write their files even when nothing changed since the last render.
    ///   - onEvent: told what happens, from any thread; must not block.
    /// - Returns: the files written, in the order in which they were finished.
    /// - Throws: `RunFailure` when nodes failed, `CancellationError` when the task was cancelled.
    @discardableResult
    public func render(
        _ graph: Graph, force: Bool = true, onEvent: @escaping @Sendable (RunEvent) -> Void = { _ in }
    ) async throws -> [URL] {
        target?.reset()
        return try await engine.run(Schedule(graph), rerunOutputs: force, onEvent: onEvent).artefacts.map(\.file)
    }

    /// Forgets what earlier renders left in the cache.
    public func clearCache() { engine.clearCache() }
}
