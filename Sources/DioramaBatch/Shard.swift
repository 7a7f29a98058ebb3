/// One of several equal parts of a batch, each for a process of its own.
public struct Shard: Sendable, Hashable, CustomStringConvertible {
    /// From 0 to `count - 1`.
    public let index: Int
    /// How many parts there are, at least 1.
    public let count: Int

    /// A part.
    ///
    /// - Parameters:
    ///   - index: from 0 to `count - 1`; nil comes back for others.
    ///   - count: how many parts there are.
    public init?(_ index: Int, of count: Int) {
        guard count > 0, (0..<count).contains(index) else { return nil }
        self.index = index
        self.count = count
    }

    /// Whether an item is in this part: item k is in part k mod n.
    ///
    /// - Parameter ordinal: the item's place in the list, from 0.
    /// - Returns: true for exactly one of the parts.
    public func contains(_ ordinal: Int) -> Bool { ordinal % count == index }

    /// `0/4`.
    public var description: String { "\(index)/\(count)" }
}

extension Shard {
    /// Why the environment tells no part.
    public struct Unknown: Error, Hashable, Sendable, CustomStringConvertible {
        /// One sentence.
        public let description: String
    }

    /// The part that a scheduler's array job gives this process.
    ///
    /// | scheduler | variables |
    /// |---|---|
    /// | Slurm | `SLURM_ARRAY_TASK_ID`, `_MIN`, `_MAX`, `_STEP` |
    /// | Kubernetes, indexed job | `JOB_COMPLETION_INDEX`, and `DIORAMA_SHARDS` for n |
    /// | AWS Batch | `AWS_BATCH_JOB_ARRAY_INDEX`, `AWS_BATCH_JOB_ARRAY_SIZE` or `DIORAMA_SHARDS` |
    /// | SGE | `SGE_TASK_ID`, `SGE_TASK_FIRST`, `_LAST`, `_STEPSIZE` |
    /// | PBS | `PBS_ARRAY_INDEX` (or `PBS_ARRAYID`), and `DIORAMA_SHARDS` for n |
    ///
    /// `DIORAMA_SHARDS`, where it is set, is n for all of them. Parts numbered from 1 are counted round: part n is part 0.
    ///
    /// - Parameter environment: the process's variables.
    /// - Throws: `Unknown` when there is no array job, or n is not told.
    public init(environment: [String: String]) throws(Unknown) {
        func number(_ name: String) throws(Unknown) -> Int? {
            guard let text = environment[name], !text.isEmpty, text != "undefined" else { return nil }
            guard let value = Int(text) else {
                throw Unknown(description: "\(name) is '\(text)', not a whole number")
            }
            return value
        }
        let told = try number("DIORAMA_SHARDS")
        if let told, told < 1 {
            throw Unknown(description: "DIORAMA_SHARDS is \(told), which must be 1 or more")
        }
        for scheduler in Self.schedulers {
            guard let id = try number(scheduler.id) else { continue }
            var first = 0
            var step = 1
            var count = told
            if let range = scheduler.range, let low = try number(range.first),
                let high = try number(range.last)
            {
                step = max(1, try number(range.step) ?? 1)
                first = low
                if high >= low { count = count ?? (high - low) / step + 1 }
            }
            if count == nil, let size = scheduler.size { count = try number(size) }
            guard let count, count > 0 else {
                throw Unknown(
                    description:
                        "\(scheduler.id) is \(id), but nothing tells how many parts there are; set DIORAMA_SHARDS to their number"
                )
            }
            let place = (id - first) / step
            guard id >= first, let shard = Shard(place % count, of: count) else {
                throw Unknown(description: "\(scheduler.id) is \(id), which is no part of \(count)")
            }
            self = shard
            return
        }
        throw Unknown(
            description:
                "this is no array job: none of \(Self.schedulers.map(\.id).joined(separator: ", ")) is set")
    }

    private struct Scheduler {
        let id: String
        var range: (first: String, last: String, step: String)?
        var size: String?
    }

    private static let schedulers = [
        Scheduler(
            id: "SLURM_ARRAY_TASK_ID",
            range: ("SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_MAX", "SLURM_ARRAY_TASK_STEP")),
        Scheduler(id: "JOB_COMPLETION_INDEX"),
        Scheduler(id: "AWS_BATCH_JOB_ARRAY_INDEX", size: "AWS_BATCH_JOB_ARRAY_SIZE"),
        Scheduler(id: "SGE_TASK_ID", range: ("SGE_TASK_FIRST", "SGE_TASK_LAST", "SGE_TASK_STEPSIZE")),
        Scheduler(id: "PBS_ARRAY_INDEX"), Scheduler(id: "PBS_ARRAYID"),
    ]
}
