import DioramaGraph
import DioramaNodes
import Synchronization

/// What a batch would make, and how long that may take.
public struct BatchPlan: Sendable {
    /// Different items of the list that can be made.
    public internal(set) var items = 0
    /// How many of them are there already.
    public internal(set) var done = 0
    /// Lines and items that cannot be used.
    public internal(set) var unusable = 0
    /// Different texts of the items that are to be made: each is encoded once.
    public internal(set) var texts = 0
    /// Denoising steps of the items that are to be made; those that say no number count as the measured one.
    public internal(set) var steps = 0
    /// Pictures of the measured item; nil where its end was not waited for.
    public internal(set) var picturesEach: Int?
    /// What was measured; nil when nothing is to be made.
    public internal(set) var measured: Measurement?

    /// How long the parts of an item take.
    public struct Measurement: Sendable, Equatable {
        /// Seconds of one denoising step; 0 where nothing takes steps.
        public var step = 0.0
        /// Seconds of the rest of an item without loading and encoding; 0 where its end was not waited for.
        public var rest = 0.0
        /// Seconds to encode a text.
        public var text = 0.0
        /// Seconds that loading took.
        public var loading = 0.0
        /// Whether the item was ended after its first steps, because it would have taken long.
        public var isCut = false
    }

    /// How many items are to be made.
    public var missing: Int { items - done }

    /// Seconds that making them may take, on this machine and as it is used now; nil when nothing was measured.
    public var seconds: Double? {
        measured.map {
            $0.loading + $0.step * Double(steps) + $0.rest * Double(missing) + $0.text * Double(texts)
        }
    }
}

extension Batch {
    /// Counts what a list asks for, and measures the first item that is missing; nothing is written.
    ///
    /// An item that would take longer than `patience` is ended after two steps. Items of other sizes are taken to cost as
    /// much as the measured one.
    ///
    /// - Parameters:
    ///   - list: not a stream.
    ///   - folder: where the batch would be made.
    ///   - patience: the most seconds to wait for the end of one item.
    /// - Returns: the plan.
    /// - Throws: `ListError` when list or manifests cannot be read, `RunFailure` when the measured item fails.
    public func plan(_ list: PromptList, in folder: BatchFolder, patience: Double = 20) async throws
        -> BatchPlan
    {
        let known = try KnownItems(in: folder)
        var seen = KnownItems()
        var texts: Set<CacheKey> = []
        var plan = BatchPlan()
        var first: PlannedItem?
        var withoutSteps = 0
        try forEachItem(of: list) { next in
            guard case .success(let planned) = next else {
                plan.unusable += 1
                return
            }
            guard seen.insert(planned.id) else { return }
            plan.items += 1
            guard !known.contains(planned.id) else {
                plan.done += 1
                return
            }
            first = first ?? planned
            for text in [planned.item.prompt, planned.item.negative].compactMap(\.self) {
                var hash = StableHash()
                hash.update(field: text)
                texts.insert(CacheKey(hash))
            }
            if let steps = planned.item.settings["steps"]?.integer {
                plan.steps += max(0, steps)
            } else {
                withoutSteps += 1
            }
        }
        plan.texts = texts.count
        guard let first else { return plan }
        let measuring = PlanMeasuring(patience: patience)
        plan.picturesEach = try await measure(first, measuring)
        plan.measured = measuring.measurement(
            texts: Set([first.item.prompt, first.item.negative].compactMap(\.self)).count)
        plan.steps += withoutSteps * measuring.stepCount
        return plan
    }

    /// Runs everything of an item but its saving.
    ///
    /// - Returns: how many pictures it would save; nil when it was ended early.
    private func measure(_ planned: PlannedItem, _ measuring: PlanMeasuring) async throws -> Int? {
        let graph = planned.item.graph
        let savers = planned.schedule.targetIDs
        let wires = savers.flatMap { graph.wires(into: $0) }
        guard !wires.isEmpty else { return nil }
        let givers = Array(Set(wires.map(\.link.nodeID))).sorted()
        let running = Task { [session] in
            try await session.result(of: try session.graph(graph, only: givers)) { measuring.receive($0) }
        }
        measuring.onEnough { running.cancel() }
        do {
            let result = try await withTaskCancellationHandler {
                try await running.value
            } onCancel: {
                running.cancel()
            }
            measuring.end()
            return wires.flatMap { wire in
                result.list(
                    wire.link.nodeID, output: outputIndex(of: wire.link, in: graph) ?? 0, of: ImageBatch.self)
            }.reduce(0) { $0 + $1.count }
        } catch is CancellationError where !Task.isCancelled {
            return nil
        }
    }
}

/// Measures an item from its events.
private final class PlanMeasuring: Sendable {
    private struct State {
        var firstStep: ContinuousClock.Instant?
        var lastStep: ContinuousClock.Instant?
        var stepsTimed = 0
        var total = 0
        var loading = 0.0
        var encoding = 0.0
        var others = 0.0
        var sampling = 0.0
        var isCut = false
        var steppingNodes: Set<String> = []
        var onEnough: @Sendable () -> Void = {}
    }

    private let state = Mutex(State())
    private let patience: Double

    init(patience: Double) { self.patience = patience }

    /// What ends the item.
    func onEnough(_ body: @escaping @Sendable () -> Void) {
        let isEnough = state.withLock { state in
            state.onEnough = body
            return state.isCut
        }
        if isEnough { body() }
    }

    func end() { state.withLock { $0.isCut = false } }

    var stepCount: Int { state.withLock { $0.total } }

    func receive(_ event: RunEvent) {
        let enough: (@Sendable () -> Void)? = state.withLock { state in
            switch event {
            case .progress(let node, let step, let total):
                let now = ContinuousClock.now
                state.steppingNodes.insert(node.id)
                state.total = max(state.total, total)
                guard state.firstStep != nil else {
                    state.firstStep = now
                    return nil
                }
                state.lastStep = now
                state.stepsTimed += 1
                guard let first = state.firstStep, !state.isCut else { return nil }
                let each = (now - first) / .seconds(1) / Double(state.stepsTimed)
                guard each * Double(total - step) > patience else { return nil }
                state.isCut = true
                return state.onEnough
            case .nodeFinished(let node, _, let duration):
                let seconds = duration / .seconds(1)
                if state.steppingNodes.contains(node.id) {
                    state.sampling += seconds
                } else if node.className.contains("Loader") {
                    state.loading += seconds
                } else if node.className.contains("TextEncode") {
                    state.encoding += seconds
                } else {
                    state.others += seconds
                }
                return nil
            default: return nil
            }
        }
        enough?()
    }

    /// What the parts of the item took.
    ///
    /// - Parameter texts: how many texts were encoded.
    /// - Returns: seconds of each part.
    func measurement(texts: Int) -> BatchPlan.Measurement {
        state.withLock { state in
            var result = BatchPlan.Measurement()
            if let first = state.firstStep, let last = state.lastStep, state.stepsTimed > 0 {
                result.step = (last - first) / .seconds(1) / Double(state.stepsTimed)
            } else if state.total > 0 {
                result.step = state.sampling / Double(state.total)
            }
            result.rest = state.others
            result.loading = state.loading
            result.text = texts > 0 ? state.encoding / Double(texts) : 0
            result.isCut = state.isCut
            return result
        }
    }
}
