import Synchronization

/// A job that waits for its turn, and for its latents when another walks for it.
final class JointTicket: Sendable {
    /// What a job waited for.
    enum Turn: Sendable {
        /// It walks for itself and these.
        case lead([JointTicket])
        /// It was walked.
        case sampled(SampledLatents)
        /// It shall walk by itself.
        case alone
    }

    private struct State {
        var outcome: Result<Turn, any Error>?
        var waiter: CheckedContinuation<Turn, any Error>?
    }

    let job: SamplingJob
    let kinship: SamplingJob.Kinship
    /// Whose job it is.
    let member: ObjectIdentifier
    /// The most jobs of a batch with it, at least 2.
    let most: Int
    private let state = Mutex(State())

    init(_ job: SamplingJob, _ kinship: SamplingJob.Kinship, of member: ObjectIdentifier, atMost most: Int) {
        self.job = job
        self.kinship = kinship
        self.member = member
        self.most = most
    }

    /// Whether it still waits.
    var isOpen: Bool { state.withLock { $0.outcome == nil } }

    /// Ends the wait.
    ///
    /// - Returns: false when it had ended before, which stays as it is.
    @discardableResult
    func settle(_ outcome: Result<Turn, any Error>) -> Bool {
        let (isFirst, waiter) = state.withLock { state in
            guard state.outcome == nil else { return (false, CheckedContinuation<Turn, any Error>?.none) }
            state.outcome = outcome
            defer { state.waiter = nil }
            return (true, state.waiter)
        }
        waiter?.resume(with: outcome)
        return isFirst
    }

    /// Waits for an outcome, at most once.
    func turn() async throws -> Turn {
        try await withCheckedThrowingContinuation { waiter in
            let outcome = state.withLock { state in
                if state.outcome == nil { state.waiter = waiter }
                return state.outcome
            }
            if let outcome { waiter.resume(with: outcome) }
        }
    }

    /// Walks for this job and others, and gives each its latents, or its own failure.
    ///
    /// Where the walk as a whole fails, each job walks by itself, so that a failure is told by the one whose it is.
    ///
    /// - Returns: the latents of this job.
    /// - Throws: this job's failure.
    func lead(_ others: [JointTicket]) throws -> SampledLatents {
        let failure = Failure()
        let walk = JobWalk(jobs: [job] + others.map(\.job)) { [job] index in
            index == 0 ? !job.context.isCancelled && failure.error == nil : others[index - 1].isOpen
        } onFailure: { index, error in
            if index == 0 { failure.note(error) } else { others[index - 1].settle(.failure(error)) }
        }
        let sampled: [SampledLatents]
        do {
            sampled = try walk()
        } catch {
            let isStopped = error is CancellationError
            for other in others { other.settle(isStopped ? .failure(error) : .success(.alone)) }
            if let failure = failure.error { throw failure }
            guard !isStopped else { throw error }
            return try job.sampledAlone()
        }
        for (other, latents) in zip(others, sampled.dropFirst()) { other.settle(.success(.sampled(latents))) }
        if let failure = failure.error { throw failure }
        try job.context.checkCancellation()
        return sampled[0]
    }

    /// The failure of the job that walks for others.
    private final class Failure: Sendable {
        private let noted = Mutex<(any Error)?>(nil)

        var error: (any Error)? { noted.withLock { $0 } }

        func note(_ error: any Error) { noted.withLock { $0 = $0 ?? error } }
    }
}
