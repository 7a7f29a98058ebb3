import Dispatch
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Runs tasks on threads of its own, where they may block: Swift's cooperative threads are few and must not.
///
/// Threads start when work waits and none is idle, and end when there has been nothing to do for a while, so an executor
/// needs no shutting down. Work comes in through a ``Place``, and that of the place made first is done first.
final class LaneExecutor: Sendable {
    /// A job, and where it came in.
    private struct Entry: Comparable {
        let job: UnownedJob
        let place: Place
        let number: Int

        func run() { job.runSynchronously(on: place.asUnownedTaskExecutor()) }

        static func < (a: Entry, b: Entry) -> Bool { (a.place.order, a.number) < (b.place.order, b.number) }
        static func == (a: Entry, b: Entry) -> Bool { a.number == b.number }
    }

    private struct State {
        var jobs = Heap<Entry>()
        /// How many jobs and places there have been.
        var jobCount = 0, placeCount = 0
        /// How often each place, by its order, asked that later ones wait for its next job.
        var holds: [Int: Int] = [:]
        var threads = 0
        var idle = 0

        /// Whether there is a job that may begin.
        var hasNext: Bool {
            guard let least = jobs.least else { return false }
            return holds.keys.allSatisfy { least.place.order <= $0 }
        }

        mutating func next() -> Entry? { hasNext ? jobs.popLeast() : nil }
    }

    /// Where the work of one run comes in: before that of runs that began later.
    final class Place: TaskExecutor {
        fileprivate let lane: LaneExecutor
        fileprivate let order: Int

        fileprivate init(_ lane: LaneExecutor, order: Int) {
            self.lane = lane
            self.order = order
        }

        func enqueue(_ job: consuming ExecutorJob) { lane.enqueue(UnownedJob(job), from: self) }

        /// Makes places that came later wait until ``letGo()``: more is about to come in here.
        func hold() { lane.state.withLock { $0.holds[order, default: 0] += 1 } }

        /// Ends a ``hold()``.
        func letGo() { lane.letGo(order) }
    }

    private let state = Mutex(State())
    private let wakeups = DispatchSemaphore(value: 0)
    private let mostThreads: Int
    private static let patience = DispatchTimeInterval.seconds(2)
    /// Room for deep recursion in nodes; the system's default differs between C libraries.
    private static let stackBytes = 8 << 20

    /// An executor.
    ///
    /// - Parameter threads: the most threads at once; 1 makes it serial.
    init(threads: Int) { mostThreads = max(1, threads) }

    /// A place behind those that there are.
    func place() -> Place {
        state.withLock { state in
            state.placeCount += 1
            return Place(self, order: state.placeCount)
        }
    }

    private func enqueue(_ job: UnownedJob, from place: Place) {
        offer { state in
            state.jobCount += 1
            state.jobs.insert(Entry(job: job, place: place, number: state.jobCount))
            return 1
        }
    }

    private func letGo(_ order: Int) {
        offer { state in
            let count = state.holds[order, default: 1] - 1
            state.holds[order] = count > 0 ? count : nil
            return state.jobs.count
        }
    }

    /// Makes a change that lets some jobs begin, and sees that threads come for them.
    private func offer(_ change: (inout State) -> Int) {
        let (startsThread, wakes) = state.withLock { state in
            let count = change(&state)
            guard state.hasNext else { return (false, 0) }
            let wakes = min(count, state.idle)
            guard state.jobs.count > state.idle, state.threads < mostThreads else { return (false, wakes) }
            state.threads += 1
            return (true, wakes)
        }
        for _ in 0..<wakes { wakeups.signal() }
        if startsThread { startThread() }
    }

    /// Runs jobs until there have been none for a while.
    private func work() {
        while true {
            let next = state.withLock { state -> Entry? in
                if let next = state.next() { return next }
                state.idle += 1
                return nil
            }
            if let next {
                next.run()
                continue
            }
            let timedOut = wakeups.wait(timeout: .now() + Self.patience) == .timedOut
            let ends = state.withLock { state in
                state.idle -= 1
                // A job may have come in between: then its wake-up is left over and wakes the next wait for nothing.
                guard timedOut, state.jobs.isEmpty else { return false }
                state.threads -= 1
                return true
            }
            if ends { return }
        }
    }

    private func startThread() {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, Self.stackBytes)
        defer { pthread_attr_destroy(&attributes) }
        #if canImport(Darwin)
        var thread: pthread_t?
        #else
        var thread = pthread_t()
        #endif
        let executor = Unmanaged.passRetained(self)
        let result = pthread_create(&thread, &attributes, workOnThread, executor.toOpaque())
        guard result != 0 else { return }
        // The system gives no more threads. Those there are go on; without any, this one has to do the work.
        executor.release()
        let isAlone = state.withLock { state in
            state.threads -= 1
            return state.threads == 0
        }
        if isAlone { DispatchQueue.global().async { [self] in runAll() } }
    }

    private func runAll() {
        while let next = state.withLock({ $0.next() }) { next.run() }
    }

    fileprivate static func work(_ executor: UnsafeMutableRawPointer) {
        Unmanaged<LaneExecutor>.fromOpaque(executor).takeRetainedValue().work()
    }
}

#if canImport(Darwin)
private func workOnThread(_ executor: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    LaneExecutor.work(executor)
    return nil
}
#else
private func workOnThread(_ executor: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let executor { LaneExecutor.work(executor) }
    return nil
}
#endif
