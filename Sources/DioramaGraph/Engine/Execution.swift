/// One run of a schedule: which steps are waiting, ready, running and done.
struct Execution {
    private enum State {
        /// No one needs it: a kept result stands before it, or what it was for has failed.
        case idle
        /// It will run once so many of its sources have ended.
        case waiting(sources: Int)
        case running
        /// It has ended well, or its kept result was taken.
        case done
        case failed
    }

    private let schedule: Schedule
    private let engine: Engine
    private let rerunOutputs: Bool
    private let environment: RunEnvironment
    private let cancellation: Cancellation
    private let send: @Sendable (RunEvent) -> Void
    private let hidden: NodeCall.HiddenValues
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant

    private var states: [State]
    /// The outputs of ended steps that someone still wants.
    private var values: [Int: [(any PortValue)?]] = [:]
    /// How many steps that have not ended, and targets, still want something of a step.
    private var takers: [Int]
    /// How many of them want each output.
    private var outputTakers: [[Int]]
    /// The steps that take a step's values, of those that run.
    private var dependents: [[Int]]
    private var ready: [Lane: Heap<Int>] = [.compute: Heap(), .io: Heap()]
    private var running: [Lane: Int] = [.compute: 0, .io: 0]
    private var failures: [Int: NodeFailure] = [:]
    /// Whether the run was stopped before everything was done.
    private var isStopped = false
    private var result = RunResult()

    init(
        _ schedule: Schedule, engine: Engine, rerunOutputs: Bool, resources: Resources,
        cancellation: Cancellation, send: @escaping @Sendable (RunEvent) -> Void
    ) {
        self.schedule = schedule
        self.engine = engine
        self.rerunOutputs = rerunOutputs
        environment = RunEnvironment(
            folders: engine.environment.folders, resources: engine.environment.resources.with(resources))
        self.cancellation = cancellation
        self.send = send
        start = clock.now
        states = Array(repeating: .idle, count: schedule.steps.count)
        takers = Array(repeating: 0, count: schedule.steps.count)
        outputTakers = schedule.steps.map { Array(repeating: 0, count: $0.node.schema.outputs.count) }
        dependents = Array(repeating: [], count: schedule.steps.count)
        hidden = NodeCall.HiddenValues(
            prompt: schedule.asksForPrompt ? schedule.graph.json : .null,
            extraPNGInfo: schedule.graph.file.extraPNGInfo)
        send(.started(nodes: schedule.nodeCount))
        plan()
    }

    /// Runs everything that is needed and not known.
    mutating func run() async throws -> RunResult {
        await withTaskGroup(of: Ending.self) { group in
            startReady(in: &group)
            while await takeNext(of: &group) { startReady(in: &group) }
        }
        return try conclude()
    }

    /// Waits for a step to end; what it made is held no longer than this call unless someone wants it.
    private mutating func takeNext(of group: inout TaskGroup<Ending>) async -> Bool {
        guard let ending = await group.next() else { return false }
        take(ending)
        return true
    }

    // MARK: Planning

    /// Decides which steps run, walking up from the targets and stopping at kept results.
    private mutating func plan() {
        var known: [NodeLabel] = []
        var open: [Int] = []
        func need(_ step: Int) {
            takers[step] += 1
            guard case .idle = states[step] else { return }
            let plan = schedule.steps[step]
            if !reruns(plan), let key = plan.key, let kept = engine.kept(key) {
                states[step] = .done
                values[step] = kept.values
                known += [plan.label] + plan.twins
                result.artefacts += kept.artefacts
            } else {
                states[step] = .waiting(sources: 0)
                open.append(step)
            }
        }
        for target in schedule.targets {
            need(target)
            for output in outputTakers[target].indices { outputTakers[target][output] += 1 }
        }
        while let step = open.popLast() {
            var missing = 0
            for source in schedule.steps[step].sources {
                need(source)
                dependents[source].append(step)
                if case .done = states[source] { continue }
                missing += 1
            }
            for taken in schedule.steps[step].taken { outputTakers[taken.step][taken.output] += 1 }
            states[step] = .waiting(sources: missing)
            if missing == 0 { ready[schedule.steps[step].lane]?.insert(step) }
        }
        for step in values.keys { freeUnwanted(of: step) }
        if !known.isEmpty { send(.cached(known)) }
        for artefact in result.artefacts { send(.artefact(artefact)) }
    }

    // MARK: Running

    /// How a step ended.
    private struct Ending: Sendable {
        let step: Int
        let result: Result<ResultCache.Result, any Error>
        let began: ContinuousClock.Instant
        /// Whether another run had made the result before this step began.
        var wasKept = false
    }

    /// Whether a step runs even when its result is known.
    private func reruns(_ step: Schedule.Step) -> Bool { rerunOutputs && step.node.schema.spec.isOutput }

    private mutating func startReady(in group: inout TaskGroup<Ending>) {
        for lane in Lane.allCases {
            let most = lane == .compute ? 1 : engine.ioThreads
            while running[lane, default: 0] < most, let step = ready[lane]?.popLeast() {
                // What it was for may have failed since.
                guard case .waiting = states[step] else { continue }
                if cancellation.isCancelled { isStopped = true }
                if isStopped { return }
                begin(step, on: lane, in: &group)
            }
        }
    }

    private mutating func begin(_ step: Int, on lane: Lane, in group: inout TaskGroup<Ending>) {
        states[step] = .running
        running[lane, default: 0] += 1
        let plan = schedule.steps[step]
        let call = NodeCall(
            step: plan,
            inputs: Handover(
                plan.bindings.map { binding in
                    guard case .link(let source, let output) = binding else { return nil }
                    return values[source]?[output]
                }),
            hidden: hidden, environment: environment, cancellation: cancellation, send: send)
        let clock = clock
        let engine = engine
        let shared = reruns(plan) ? nil : plan.key
        group.addTask(executorPreference: lane == .compute ? engine.compute : engine.io) {
            if let shared, let kept = await engine.madeMeanwhile(shared) {
                call.inputs.drop()
                return Ending(step: step, result: .success(kept), began: clock.now, wasKept: true)
            }
            defer { if let shared { engine.claims.release(shared) } }
            let began = clock.now
            call.send(.nodeStarted(plan.label, lane: lane, at: began))
            do {
                let made = try await call.run()
                if let key = plan.key { engine.keep(made, for: key) }
                return Ending(step: step, result: .success(made), began: began)
            } catch {
                return Ending(step: step, result: .failure(error), began: began)
            }
        }
    }

    private mutating func take(_ ending: Ending) {
        let step = ending.step
        let plan = schedule.steps[step]
        let now = clock.now
        running[plan.lane, default: 1] -= 1
        switch ending.result {
        case .success(let made):
            states[step] = .done
            if !ending.wasKept { result.nodesRun += 1 }
            result.artefacts += made.artefacts
            values[step] = made.values
            freeUnwanted(of: step)
            if ending.wasKept {
                send(.cached([plan.label] + plan.twins))
                for artefact in made.artefacts { send(.artefact(artefact)) }
            } else {
                send(.nodeFinished(plan.label, at: now, duration: now - ending.began))
                if !plan.twins.isEmpty { send(.cached(plan.twins)) }
            }
            for dependent in dependents[step] { sourceEnded(of: dependent) }
            release(takenBy: step)
        case .failure(let error) where error is CancellationError && cancellation.isCancelled:
            isStopped = true
        case .failure(let error):
            let failure = NodeFailure(node: plan.label, underlying: error)
            failures[step] = failure
            send(.nodeFailed(failure, at: now))
            states[step] = .failed
            drop(from: step)
        }
    }

    private mutating func sourceEnded(of step: Int) {
        guard case .waiting(let missing) = states[step] else { return }
        states[step] = .waiting(sources: missing - 1)
        if missing == 1 { ready[schedule.steps[step].lane]?.insert(step) }
    }

    /// Notes that a step wants nothing of others any more: frees outputs after their last taker, and gives up steps that
    /// no one wants any more.
    private mutating func release(takenBy step: Int) {
        var open = [step]
        while let step = open.popLast() {
            for taken in schedule.steps[step].taken { outputTakers[taken.step][taken.output] -= 1 }
            for source in schedule.steps[step].sources {
                takers[source] -= 1
                freeUnwanted(of: source)
                if takers[source] == 0, case .waiting = states[source] {
                    states[source] = .idle
                    open.append(source)
                }
            }
        }
    }

    private mutating func freeUnwanted(of step: Int) {
        guard values[step] != nil else { return }
        if takers[step] == 0 {
            values[step] = nil
        } else {
            for (output, takers) in outputTakers[step].enumerated() where takers == 0 {
                values[step]?[output] = nil
            }
        }
    }

    /// Gives up everything that depends on a failed step, and what was only for that.
    private mutating func drop(from failed: Int) {
        var open = [failed]
        while let step = open.popLast() {
            for dependent in dependents[step] {
                guard case .waiting = states[dependent] else { continue }
                states[dependent] = .failed
                open.append(dependent)
            }
            release(takenBy: step)
        }
    }

    // MARK: Ending

    private mutating func conclude() throws -> RunResult {
        let duration = clock.now - start
        for (id, step) in zip(schedule.targetIDs, schedule.targets) {
            if case .done = states[step] { result.values[id] = values[step]?.compactMap(\.self) }
        }
        if isStopped {
            send(.cancelled(duration))
            throw CancellationError()
        }
        guard failures.isEmpty else {
            let skipped = schedule.steps.indices.filter { step in
                if case .failed = states[step] { failures[step] == nil } else { false }
            }
            let failure = RunFailure(
                failures: failures.sorted { $0.key < $1.key }.map(\.value),
                skipped: skipped.flatMap { [schedule.steps[$0].label] + schedule.steps[$0].twins },
                partial: result)
            send(.failed(failure, duration))
            throw failure
        }
        send(.finished(duration))
        return result
    }
}

extension Schedule {
    /// Whether a node wants the whole graph.
    fileprivate var asksForPrompt: Bool {
        steps.contains { step in step.node.schema.hidden.contains { $0.kind == .prompt } }
    }
}
