/// What the steps of a run have in common.
struct RunSetting: Sendable {
    let engine: Engine
    /// Where the run's work comes into the engine's lanes: before that of runs that began later, so that what is nearly
    /// made is made first.
    let compute, io: LaneExecutor.Place
    /// Whether output nodes run even when their results are known.
    let rerunOutputs: Bool
    var environment: RunEnvironment
    let hidden: NodeCall.HiddenValues
    let cancellation: Cancellation
    var send: @Sendable (RunEvent) -> Void
}

/// One run of a schedule: which steps may be wanted, are waiting, ready, running and done.
struct Execution {
    private enum State {
        /// No one needs it: a kept result stands before it, or what it was for has failed or ended without it.
        case idle
        /// Only lazy inputs lead to it so far.
        case possible
        /// It will run once so many of its sources have ended.
        case waiting(sources: Int)
        case running
        /// It has ended well, or its kept result was taken.
        case done
        case failed
    }

    private let schedule: Schedule
    private let setting: RunSetting
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant

    private var states: [State]
    /// The outputs of ended steps that someone may still want.
    private var values: [Int: [[any PortValue]?]] = [:]
    /// How many steps that have not ended, and targets, may still want something of a step.
    private var takers: [Int]
    /// How many of them may want each output.
    private var outputTakers: [[Int]]
    /// The steps that wait for a step.
    private var dependents: [[Int]]
    private var ready: [Lane: Heap<Int>] = [.compute: Heap(), .io: Heap()]
    private var running: [Lane: Int] = [.compute: 0, .io: 0]
    /// The running steps after which the lane waits for what they lead to, before it goes to a later run.
    private var holding: Set<Int> = []
    private var failures: [Int: NodeFailure] = [:]
    /// Whether the run was stopped before everything was done.
    private var isStopped = false
    private var result = RunResult()

    init(_ schedule: Schedule, _ setting: RunSetting) {
        self.schedule = schedule
        self.setting = setting
        start = clock.now
        states = Array(repeating: .idle, count: schedule.steps.count)
        takers = Array(repeating: 0, count: schedule.steps.count)
        outputTakers = schedule.steps.map { Array(repeating: 0, count: $0.node.schema.outputs.count) }
        dependents = Array(repeating: [], count: schedule.steps.count)
        setting.send(.started(nodes: schedule.nodeCount))
        reach()
        want(schedule.targets)
    }

    /// Runs everything that is needed and not known.
    mutating func run() async throws -> RunResult {
        await withTaskGroup(of: Ending.self) { group in
            startReady(in: &group)
            while let step = await takeNext(of: &group) {
                startReady(in: &group)
                if holding.remove(step) != nil { setting.compute.letGo() }
            }
        }
        return try conclude()
    }

    /// Waits for a step to end; what it made is held no longer than this call unless someone wants it.
    ///
    /// - Returns: the step; nil when nothing runs.
    private mutating func takeNext(of group: inout TaskGroup<Ending>) async -> Int? {
        guard let ending = await group.next() else { return nil }
        take(ending)
        return ending.step
    }

    // MARK: Planning

    /// Counts who may take what, walking up from the targets.
    private mutating func reach() {
        var open: [Int] = []
        func reach(_ step: Int) {
            takers[step] += 1
            guard case .idle = states[step] else { return }
            states[step] = .possible
            open.append(step)
        }
        for target in schedule.targets {
            reach(target)
            for output in outputTakers[target].indices { outputTakers[target][output] += 1 }
        }
        while let step = open.popLast() {
            for source in schedule.steps[step].sources { reach(source) }
            for taken in schedule.steps[step].taken { outputTakers[taken.step][taken.output] += 1 }
        }
    }

    /// Makes steps wait to run, and what they need: all but those whose results are kept.
    private mutating func want(_ steps: [Int]) {
        var known: [NodeLabel] = []
        var artefacts: [Artefact] = []
        var open = steps
        var wanted: [Int] = []
        while let step = open.popLast() {
            guard case .possible = states[step] else { continue }
            let plan = schedule.steps[step]
            if !reruns(plan), let key = plan.key, let kept = setting.engine.kept(key) {
                states[step] = .done
                values[step] = kept.values
                known += [plan.label] + plan.twins
                artefacts += kept.artefacts
                release(takenBy: step)
                freeUnwanted(of: step)
            } else {
                states[step] = .waiting(sources: 0)
                wanted.append(step)
                open += plan.requiredSources
            }
        }
        if !known.isEmpty { setting.send(.cached(known)) }
        result.artefacts += artefacts
        for artefact in artefacts { setting.send(.artefact(artefact)) }
        var hopeless: [Int] = []
        for step in wanted {
            // A kept result may have made it needless since.
            guard case .waiting = states[step] else { continue }
            if !wait(step, for: schedule.steps[step].requiredSources) { hopeless.append(step) }
        }
        for step in hopeless { giveUp(step) }
    }

    /// Makes a step wait for those of its sources that have not ended.
    ///
    /// - Returns: false when one has failed.
    private mutating func wait(_ step: Int, for sources: [Int]) -> Bool {
        var missing = 0
        for source in sources {
            switch states[source] {
            case .done: continue
            case .failed: return false
            default:
                dependents[source].append(step)
                missing += 1
            }
        }
        states[step] = .waiting(sources: missing)
        if missing == 0 { ready[schedule.steps[step].lane]?.insert(step) }
        return true
    }

    /// Lets a step wait for the lazy inputs that it asks for.
    private mutating func ask(_ step: Int, for inputs: [Int]) {
        let sources = Set(
            inputs.compactMap { input in
                if case .link(let source, _) = schedule.steps[step].bindings[input] { source } else { nil }
            }
        ).sorted()
        want(sources)
        if !wait(step, for: sources) { giveUp(step) }
    }

    // MARK: Running

    /// How a step ended.
    private struct Ending: Sendable {
        let step: Int
        let result: Result<NodeCall.Outcome, any Error>
        let began: ContinuousClock.Instant
        /// Whether another run had made the result before this step began.
        var wasKept = false
    }

    /// Whether a step runs even when its result is known.
    private func reruns(_ step: Schedule.Step) -> Bool {
        setting.rerunOutputs && step.node.schema.spec.isOutput
    }

    private mutating func startReady(in group: inout TaskGroup<Ending>) {
        for lane in Lane.allCases {
            let most = lane == .compute ? 1 : setting.engine.ioThreads
            while running[lane, default: 0] < most, let step = ready[lane]?.popLeast() {
                // What it was for may have failed since.
                guard case .waiting = states[step] else { continue }
                if setting.cancellation.isCancelled { isStopped = true }
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
            hidden: setting.hidden, environment: setting.environment, cancellation: setting.cancellation,
            send: setting.send)
        let clock = clock
        let setting = setting
        let catalog = schedule.graph.catalog
        let engine = setting.engine
        let shared = reruns(plan) ? nil : plan.key
        let pauses = setting.environment.resources[RunPauses.self]
        let holds = lane == .compute && dependents[step].contains { schedule.steps[$0].lane == .compute }
        if holds { holding.insert(step) }
        group.addTask(executorPreference: lane == .compute ? setting.compute : setting.io) {
            defer { if holds { setting.compute.hold() } }
            if let shared, let kept = await engine.madeMeanwhile(shared, pauses) {
                call.inputs.drop()
                return Ending(step: step, result: .success(.made(kept)), began: clock.now, wasKept: true)
            }
            defer { if let shared { engine.claims.release(shared) } }
            let began = clock.now
            do {
                var outcome = try await call.run {
                    call.send(.nodeStarted(plan.label, lane: lane, at: began))
                }
                if case .made(let made) = outcome, !made.expansions.isEmpty {
                    outcome = .made(try await call.expanded(made, in: setting, catalog: catalog))
                }
                if case .made(let made) = outcome, made.problems.isEmpty, let key = plan.key {
                    engine.keep(made, for: key)
                }
                return Ending(step: step, result: .success(outcome), began: began)
            } catch {
                return Ending(step: step, result: .failure(error), began: began)
            }
        }
    }

    private mutating func take(_ ending: Ending) {
        let step = ending.step
        let plan = schedule.steps[step]
        running[plan.lane, default: 1] -= 1
        switch ending.result {
        case .success(.made(let made)): take(made, ending)
        case .success(.needs(let inputs)): ask(step, for: inputs)
        case .failure(let error) where error is CancellationError && setting.cancellation.isCancelled:
            isStopped = true
        case .failure(let error):
            fail(step, error)
            states[step] = .failed
            drop(from: step)
        }
    }

    private mutating func take(_ made: NodeResult, _ ending: Ending) {
        let step = ending.step
        let plan = schedule.steps[step]
        let now = clock.now
        states[step] = .done
        result.artefacts += made.artefacts
        values[step] = made.values
        freeUnwanted(of: step)
        if ending.wasKept {
            setting.send(.cached([plan.label] + plan.twins))
            for artefact in made.artefacts { setting.send(.artefact(artefact)) }
        } else {
            result.nodesRun += made.nodesRun
            setting.send(.nodeFinished(plan.label, at: now, duration: now - ending.began))
            if !plan.twins.isEmpty { setting.send(.cached(plan.twins)) }
        }
        if !made.problems.isEmpty { fail(step, BlockedCalls(problems: made.problems)) }
        for dependent in dependents[step] { sourceEnded(of: dependent) }
        release(takenBy: step)
    }

    /// Notes and tells of a failure.
    private mutating func fail(_ step: Int, _ error: any Error) {
        let failure = NodeFailure(node: schedule.steps[step].label, underlying: error)
        failures[step] = failure
        setting.send(.nodeFailed(failure, at: clock.now))
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
                guard takers[source] == 0 else { continue }
                switch states[source] {
                case .waiting, .possible:
                    states[source] = .idle
                    open.append(source)
                case .idle, .running, .done, .failed: break
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

    /// Gives up a step that depends on a failed one.
    private mutating func giveUp(_ step: Int) {
        switch states[step] {
        case .waiting, .running:
            states[step] = .failed
            drop(from: step)
        case .idle, .possible, .done, .failed: break
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
            if case .done = states[step] { result.values[id] = values[step]?.map { $0 ?? [] } }
        }
        if isStopped {
            setting.send(.cancelled(duration))
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
            setting.send(.failed(failure, duration))
            throw failure
        }
        setting.send(.finished(duration))
        return result
    }
}

extension NodeCall.HiddenValues {
    /// What the nodes of a schedule may ask for.
    init(of schedule: Schedule) {
        prompt = schedule.asksForPrompt ? schedule.graph.json : .null
        extraPNGInfo = schedule.graph.file.extraPNGInfo
    }
}

/// Some calls of a node were not made because its inputs were blocked.
struct BlockedCalls: Error, CustomStringConvertible {
    let problems: [String]
    var description: String { problems.joined(separator: "; ") }
}

extension Schedule {
    /// Whether a node wants the whole graph.
    fileprivate var asksForPrompt: Bool {
        steps.contains { step in step.node.schema.hidden.contains { $0.kind == .prompt } }
    }
}
