public import DioramaGraph
import Synchronization

/// Lets runs that are under way at once denoise as one batch where they agree.
///
/// A run with a ``Member`` among its resources does not start a sampler by itself but waits. When as many wait as make a batch,
/// or when every member waits so that no one else can come, one of them walks for all. Agreeing means the same network,
/// sampler, noise levels and guidance, and latents and prompts of one shape. Runs with masks, hooks, several prompts or a
/// sampler whose steps depend on the whole batch are walked by themselves.
///
/// Each run's noise is that of its own seed, and its latent does not depend on the others but for the rounding of matrix
/// products, which may follow their size.
public final class JointSampling: Sendable {
    private struct State {
        /// How many waits hold each member up.
        var waits: [ObjectIdentifier: Int] = [:]
        /// In the order in which they came.
        var tickets: [JointTicket] = []

        /// Takes out tickets that shall be walked now; nil where it is better to wait.
        mutating func nextBatch() -> [JointTicket]? {
            tickets.removeAll { ticket in
                // Cancelled before it came to wait.
                if !ticket.isOpen { waits[ticket.member]? -= 1 }
                return !ticket.isOpen
            }
            var batch = tickets.first { kin(of: $0).count == $0.most }.map { kin(of: $0) }
            if batch == nil, waits.values.allSatisfy({ $0 > 0 }) {
                batch = tickets.first.map { kin(of: $0) }
            }
            guard let batch else { return nil }
            for ticket in batch { waits[ticket.member]? -= 1 }
            tickets.removeAll { ticket in batch.contains { $0 === ticket } }
            return batch
        }

        /// The first tickets that a ticket's batch may have.
        private func kin(of ticket: JointTicket) -> [JointTicket] {
            Array(tickets.filter { $0.kinship == ticket.kinship }.prefix(ticket.most))
        }
    }

    /// The most runs in a batch.
    public let size: Int
    private let state = Mutex(State())

    /// How many positions (height times width) a run's latents must have, and how many all of a batch may have together.
    public let positions: ClosedRange<Int>

    /// Makes batches.
    ///
    /// - Parameters:
    ///   - size: the most runs in a batch, at least 1.
    ///   - positions: how many positions (height times width) a run's latents must have for it to join others, and how many
    ///     all of them may have together, which bounds the memory.
    public init(size: Int, positions: ClosedRange<Int> = 1...Int.max) {
        self.size = max(1, size)
        self.positions = positions
    }

    /// Batches of as many runs as were measured to gain by it: up to four, and together no larger than one picture of
    /// 256 x 256 pixels, so that a batch takes no more memory than that would (docs/PERFORMANCE.md).
    ///
    /// Pictures below 64 x 64 stay alone: of so few tokens some products would take another way through the processor in a
    /// batch, and last bits would depend on who was there.
    public static func automatic() -> JointSampling { JointSampling(size: 4, positions: 8 * 8...32 * 32) }

    /// How many runs like a job a batch may have.
    private func most(of job: SamplingJob) -> Int {
        let shape = job.start.shape
        let own = max(1, shape.count / max(1, shape[1]))
        return own < positions.lowerBound ? 1 : min(size, positions.upperBound / own)
    }

    /// Takes in one more that may sample; the others wait for it until it waits itself or leaves.
    ///
    /// - Returns: the member, whose ``Member/resources`` its run needs; it must ``Member/leave()`` at its end.
    public func enter() -> Member {
        let member = Member(self)
        state.withLock { $0.waits[ObjectIdentifier(member)] = 0 }
        return member
    }

    /// One that may sample.
    public final class Member: Sendable {
        private let joint: JointSampling

        fileprivate init(_ joint: JointSampling) { self.joint = joint }

        /// What lets a run sample as this member: for the run's resources.
        public var resources: Resources {
            let pauses = RunPauses {
                self.joint.change { $0.waits[ObjectIdentifier(self)]? += 1 }
            } onResume: {
                self.joint.change { $0.waits[ObjectIdentifier(self)]? -= 1 }
            }
            return Resources().with(self).with(pauses)
        }

        /// Is no longer waited for.
        public func leave() { joint.change { $0.waits[ObjectIdentifier(self)] = nil } }

        /// Walks, with others where it can.
        ///
        /// - Returns: where the job ended.
        /// - Throws: `CancellationError` when its task was cancelled, and what its walk throws.
        func sampled(_ job: SamplingJob) async throws -> SampledLatents {
            let most = joint.most(of: job)
            guard most > 1, let kinship = job.kinship else { return try job.sampledAlone() }
            let ticket = JointTicket(job, kinship, of: ObjectIdentifier(self), atMost: most)
            let turn = try await withTaskCancellationHandler {
                joint.change { state in
                    state.waits[ticket.member]? += 1
                    state.tickets.append(ticket)
                }
                return try await ticket.turn()
            } onCancel: {
                joint.withdraw(ticket)
            }
            switch turn {
            case .sampled(let latents): return latents
            case .alone: return try job.sampledAlone()
            case .lead(let others): return try ticket.lead(others)
            }
        }
    }

    private func withdraw(_ ticket: JointTicket) {
        ticket.settle(.failure(CancellationError()))
        change { state in
            guard let place = state.tickets.firstIndex(where: { $0 === ticket }) else { return }
            state.tickets.remove(at: place)
            state.waits[ticket.member]? -= 1
        }
    }

    /// Changes who is here and who waits, and sends off the batches that are complete.
    private func change(_ change: (inout State) -> Void) {
        let batches = state.withLock { state in
            change(&state)
            var batches: [[JointTicket]] = []
            while let batch = state.nextBatch() { batches.append(batch) }
            return batches
        }
        for batch in batches {
            // One that was cancelled meanwhile leads no more.
            for (place, ticket) in batch.enumerated()
            where ticket.settle(.success(.lead(Array(batch.dropFirst(place + 1))))) { break }
        }
    }
}
