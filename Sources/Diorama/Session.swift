#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// Where a session finds and puts things, and how much of the machine it takes.
public struct SessionOptions: Sendable {
    /// Where models, inputs and outputs are.
    public var folders: Folders
    /// What nodes of your own are given besides the device.
    public var resources = Resources()
    /// Threads that compute, all the processor's when nil; results do not depend on it.
    public var threads: Int?
    /// How much memory tensors may hold, and what to do when that does not do.
    public var memory: MemoryLimit
    /// What models round the terms of their products to; nil for what their weights are stored as.
    public var precision: Precision?

    /// Whether renders compute nothing and write nothing: they go through everything and note what memory it would take, in the device's
    /// `memoryPlan`.
    public var plansMemory = false

    /// Options for a session.
    public init(
        folders: Folders, threads: Int? = nil, memory: MemoryLimit = MemoryLimit(),
        precision: Precision? = nil
    ) {
        self.folders = folders
        self.threads = threads
        self.memory = memory
        self.precision = precision
    }
}

/// A catalog, folders, a device and an engine: renders graphs, and keeps what they share from one to the next.
///
/// ```swift
/// let session = Session(nodes: .builtin, options: options)
/// let graph = try session.graph(GraphFile(data: Data(contentsOf: file), catalog: session.catalog))
/// let pictures = try await session.render(graph)
/// ```
public struct Session: Sendable {
    /// The nodes that graphs may use.
    public let catalog: NodeCatalog
    /// Where tensors live and are computed.
    public let device: Device
    private let engine: Engine

    /// Makes a session; nothing is read or computed yet.
    ///
    /// - Parameters:
    ///   - nodes: the nodes that graphs may use.
    ///   - options: folders and threads.
    ///   - cacheBytes: the most memory to keep results in between renders.
    ///   - cacheEntries: the most results to keep in between renders, however small they are.
    ///   - observer: told of every operation on tensors, for traces.
    public init(
        nodes: NodeCatalog, options: SessionOptions, cacheBytes: Int = 4 << 30, cacheEntries: Int = .max,
        observer: (any OpObserver)? = nil
    ) {
        catalog = nodes
        device =
            options.plansMemory
            ? .planning(threads: options.threads, memory: options.memory)
            : .cpu(threads: options.threads, memory: options.memory, observer: observer)
        engine = Engine(
            RunEnvironment(
                folders: options.folders,
                resources: options.resources.with(device).with(ModelPrecision(options.precision))
                    .with(LatentChannels()).with(EncoderFacts()).with(ControlFacts()).with(StyleFacts())),
            cacheBytes: cacheBytes, cacheEntries: cacheEntries)
    }

    /// Where models, inputs and outputs are.
    public var folders: Folders { engine.environment.folders }

    /// Validates a graph.
    ///
    /// - Parameters:
    ///   - file: the graph.
    ///   - target: where its pictures shall go, in place of the names that it gives, which are then not checked.
    ///   - nodes: ids of the nodes to run it for; its output nodes when nil.
    /// - Returns: a graph that can be rendered.
    /// - Throws: `GraphError` with everything that is wrong.
    public func graph(
        _ file: GraphFile, to target: OutputTarget? = nil, only nodes: [String]? = nil
    ) throws(GraphError) -> Graph {
        var environment = engine.environment
        if let target { environment.resources = environment.resources.with(target) }
        return try Graph(file, catalog: catalog, environment: environment, targets: nodes)
    }

    /// Renders a graph: runs what its outputs need.
    ///
    /// Several renders at once share the machine and the cache.
    ///
    /// - Parameters:
    ///   - graph: from ``graph(_:)``.
    ///   - target: where the pictures go, in place of the names that the graph gives.
    ///   - force: whether output nodes write their files even when nothing changed since the last render.
    ///   - onEvent: told what happens, from any thread; must not block.
    /// - Returns: the files written, in the order in which they were finished.
    /// - Throws: `RunFailure` when nodes failed, `CancellationError` when the task was cancelled.
    @discardableResult
    public func render(
        _ graph: Graph, to target: OutputTarget? = nil, force: Bool = true,
        onEvent: @escaping @Sendable (RunEvent) -> Void = { _ in }
    ) async throws -> [URL] {
        try await render(Schedule(graph), to: target, force: force, onEvent: onEvent)
    }

    /// Renders a graph that was planned.
    ///
    /// - Parameters:
    ///   - schedule: of a graph from ``graph(_:)``, just made.
    ///   - target: where the pictures go, in place of the names that the graph gives.
    ///   - force: whether output nodes write their files even when nothing changed since the last render.
    ///   - resources: what the nodes of this render are given besides.
    ///   - onEvent: told what happens, from any thread; must not block.
    /// - Returns: the files written, in the order in which they were finished.
    /// - Throws: `RunFailure` when nodes failed, `CancellationError` when the task was cancelled.
    @discardableResult
    public func render(
        _ schedule: Schedule, to target: OutputTarget? = nil, force: Bool = true,
        resources: Resources = Resources(), onEvent: @escaping @Sendable (RunEvent) -> Void = { _ in }
    ) async throws -> [URL] {
        let resources = target.map { resources.with($0) } ?? resources
        return try await engine.run(
            schedule, rerunOutputs: force, resources: resources, onEvent: onEvent
        ).artefacts.map(\.file)
    }

    /// Runs a graph for what its nodes give, as a loader's model: `result(of: session.graph(file, only: ["checkpoint"]))`.
    ///
    /// - Parameters:
    ///   - graph: from ``graph(_:to:only:)``.
    ///   - onEvent: told what happens, from any thread; must not block.
    /// - Returns: the values of the nodes that the graph is run for.
    /// - Throws: `RunFailure` when nodes failed, `CancellationError` when the task was cancelled.
    public func result(
        of graph: Graph, onEvent: @escaping @Sendable (RunEvent) -> Void = { _ in }
    ) async throws -> RunResult {
        try await engine.run(Schedule(graph), rerunOutputs: false, resources: Resources(), onEvent: onEvent)
    }

    /// Forgets what earlier renders left in the cache.
    public func clearCache() { engine.clearCache() }
}
