import Synchronization

/// Runs schedules, and keeps results from one run to the next.
///
/// - **Overlap.** A node starts as soon as its inputs are ready and its lane is free: one node at a time computes, while
///   several read, write and wait beside it. All run on the engine's own threads and may block.
/// - **Cache.** A result is kept under its `CacheKey` as long as all kept results fit the budget; those unused longest
///   go first. A value that is not kept is freed when the last node that takes it has ended.
/// - **Output nodes** are not different: with equal inputs they do not run again, and their earlier files are told of
///   anew, as in ComfyUI. `rerunOutputs` runs them all the same, so that each run writes its files.
/// - **Failure.** What depends on a failed node does not run; the rest does, so nothing already made is lost. The
///   failure is thrown when all that could be done is done.
/// - **Cancellation** by the current task, by `Run.cancel` or by `cancel` takes effect between nodes, and inside those
///   that call `checkCancellation`. Nodes that are running are waited for.
///
/// Several runs at once are allowed: they share the lanes and the cache, and wait for each other's results rather than
/// make them twice. A lane that is free goes to the run that began first, so that runs end one after the other.
public final class Engine: Sendable {
    /// Folders and shared resources.
    public let environment: RunEnvironment

    private let compute = LaneExecutor(threads: 1)
    private let io: LaneExecutor
    let ioThreads: Int
    let claims = ResultClaims()
    private let cache: Mutex<ResultCache>
    /// How to stop each run that is going on.
    private let active = Mutex<[ObjectIdentifier: @Sendable () -> Void]>([:])

    /// An engine with an empty cache.
    ///
    /// - Parameters:
    ///   - environment: folders and shared resources for the nodes.
    ///   - cacheBytes: the most memory to keep results in, as their values' `byteCount` counts it; 0 keeps nothing,
    ///     which is best for a single run.
    ///   - cacheEntries: the most results to keep, however small they are.
    ///   - ioThreads: how many nodes of the io lane run at once, at least 1.
    public init(
        _ environment: RunEnvironment, cacheBytes: Int = 4 << 30, cacheEntries: Int = .max, ioThreads: Int = 4
    ) {
        self.environment = environment
        self.ioThreads = max(1, ioThreads)
        io = LaneExecutor(threads: ioThreads)
        cache = Mutex(ResultCache(budget: cacheBytes, mostEntries: cacheEntries))
    }

    /// Runs a schedule to its end.
    ///
    /// - Parameters:
    ///   - schedule: what to run.
    ///   - rerunOutputs: whether output nodes run even when their results are known.
    ///   - resources: what the nodes of this run are given besides, before the engine's own of the same type.
    ///   - onEvent: told what happens, from any thread, sometimes from several at once; must not block.
    /// - Returns: what was made.
    /// - Throws: `RunFailure` when nodes failed, `CancellationError` when the run was stopped.
    @discardableResult
    public func run(
        _ schedule: Schedule, rerunOutputs: Bool = false, resources: Resources = Resources(),
        onEvent: @escaping @Sendable (RunEvent) -> Void = { _ in }
    ) async throws -> RunResult {
        try await run(
            schedule, rerunOutputs: rerunOutputs, resources: resources, cancellation: Cancellation(),
            onEvent: onEvent)
    }

    /// Starts a schedule and returns at once.
    ///
    /// - Parameters:
    ///   - schedule: what to run.
    ///   - rerunOutputs: whether output nodes run even when their results are known.
    /// - Returns: the events and, later, the result.
    public func start(_ schedule: Schedule, rerunOutputs: Bool = false) -> Run {
        let (events, continuation) = AsyncStream.makeStream(of: RunEvent.self)
        let cancellation = Cancellation()
        let task = Task { [self] in
            defer { continuation.finish() }
            return try await run(
                schedule, rerunOutputs: rerunOutputs, resources: Resources(), cancellation: cancellation
            ) { continuation.yield($0) }
        }
        return Run(events: events, task: task, cancellation: cancellation)
    }

    /// Stops every run that is going on.
    public func cancel() {
        active.withLock { runs in
            for stop in runs.values { stop() }
        }
    }

    /// Forgets every kept result.
    public func clearCache() { cache.withLock { $0.removeAll() } }

    /// How many bytes the kept results take, as their values count them.
    public var cachedBytes: Int { cache.withLock { $0.byteCount } }

    private func run(
        _ schedule: Schedule, rerunOutputs: Bool, resources: Resources, cancellation: Cancellation,
        onEvent: @escaping @Sendable (RunEvent) -> Void
    ) async throws -> RunResult {
        let task = Task {
            let environment = RunEnvironment(
                folders: environment.folders, resources: environment.resources.with(resources))
            var execution = Execution(
                schedule,
                RunSetting(
                    engine: self, compute: compute.place(), io: io.place(), rerunOutputs: rerunOutputs,
                    environment: environment,
                    hidden: NodeCall.HiddenValues(of: schedule), cancellation: cancellation, send: onEvent))
            return try await execution.run().withoutBlockers
        }
        let stop: @Sendable () -> Void = {
            cancellation.cancel()
            task.cancel()
        }
        active.withLock { $0[ObjectIdentifier(cancellation)] = stop }
        defer { active.withLock { $0[ObjectIdentifier(cancellation)] = nil } }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            stop()
        }
    }

    func kept(_ key: CacheKey) -> NodeResult? { cache.withLock { $0.result(for: key) } }

    /// The result of a step that is about to run, where another run has made it or is at it; when nil comes back, the
    /// caller has claimed it.
    func madeMeanwhile(_ key: CacheKey, _ pauses: RunPauses?) async -> NodeResult? {
        while true {
            if let kept = kept(key) { return kept }
            if await claims.claim(key, pauses) {
                // It may have been kept and released between the two looks.
                guard let kept = kept(key) else { return nil }
                claims.release(key)
                return kept
            }
        }
    }

    func keep(_ result: NodeResult, for key: CacheKey) {
        cache.withLock { $0.keep(result, for: key) }
    }
}

/// A run that is going on.
public struct Run: Sendable {
    /// What happens, in order, for one reader; ends when the run does.
    public let events: AsyncStream<RunEvent>
    fileprivate let task: Task<RunResult, any Error>
    fileprivate let cancellation: Cancellation

    /// Waits for the end.
    ///
    /// - Returns: what was made.
    /// - Throws: `RunFailure` when nodes failed, `CancellationError` when the run was stopped.
    public func result() async throws -> RunResult { try await task.value }

    /// Stops the run: between nodes, and inside those that look.
    public func cancel() {
        cancellation.cancel()
        task.cancel()
    }
}
