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
/// needs no shutting down.
final class LaneExecutor: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        /// How many of `jobs` have been taken; the array is cut when all are.
        var taken = 0
        var threads = 0
        var idle = 0

        mutating func next() -> UnownedJob? {
            guard taken < jobs.count else { return nil }
            defer {
                taken += 1
                if taken == jobs.count {
                    jobs.removeAll(keepingCapacity: true)
                    taken = 0
                }
            }
            return jobs[taken]
        }
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

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let (startsThread, wakes) = state.withLock { state in
            state.jobs.append(job)
            let waiting = state.jobs.count - state.taken
            if waiting <= state.idle { return (false, true) }
            guard state.threads < mostThreads else { return (false, false) }
            state.threads += 1
            return (true, false)
        }
        if wakes { wakeups.signal() }
        if startsThread { startThread() }
    }

    /// Runs jobs until there have been none for a while.
    private func work() {
        while true {
            let job = state.withLock { state -> UnownedJob? in
                if let job = state.next() { return job }
                state.idle += 1
                return nil
            }
            if let job {
                job.runSynchronously(on: asUnownedTaskExecutor())
                continue
            }
            let timedOut = wakeups.wait(timeout: .now() + Self.patience) == .timedOut
            let ends = state.withLock { state in
                state.idle -= 1
                // A job may have come in between: then its wake-up is left over and wakes the next wait for nothing.
                guard timedOut, state.taken == state.jobs.count else { return false }
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
        while let job = state.withLock({ $0.next() }) { job.runSynchronously(on: asUnownedTaskExecutor()) }
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
