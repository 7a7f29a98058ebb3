import Synchronization

/// What a run would take of memory, noted while it goes through every op without computing (``Device/planning(threads:)``).
///
/// The plan adds up what is the process's own as the system counts it (the program, vocabularies, the graph, and tensors below a
/// mebibyte, which are taken as a run takes them), the large blocks of tensors and scratch, the pages of mapped files that ops have read
/// so far, until their file is unmapped, and what is announced by ``hold(_:)``.
public final class MemoryPlan: Sendable {
    /// A moment of a run, in bytes.
    public struct Moment: Hashable, Sendable {
        /// What was at work: what ``begin(_:)`` was told last; nil before.
        public var work: String?
        /// What is in none of the others: the program, vocabularies, the graph.
        public var program = 0
        /// Pages of mapped files, which the system can take back and read again.
        public var weights = 0
        /// Weights that are kept packed, which give way to tensors.
        public var packed = 0
        /// What tensors hold.
        public var tensors = 0
        /// What ops work in.
        public var scratch = 0
        /// Blocks that were given back and are kept for the next step.
        public var kept = 0
        /// What was announced: pictures that are encoded.
        public var pictures = 0

        /// All of it.
        public var total: Int { program + weights + packed + tensors + scratch + kept + pictures }
    }

    fileprivate struct State {
        var weights = MappedPages()
        var packed = 0, tensors = 0, scratch = 0, blocks = 0, waiting = 0, announced = 0
        var work: [String] = []
        var peak = Moment()
        var withoutWeights = 0
        /// The most that the process had taken before the plan.
        let peakBefore: Int
        var process: ProcessMemory
        var threads = 0

        init(_ process: ProcessMemory) { (self.process, peakBefore) = (process, process.peak) }
    }

    private let state: Mutex<State>
    private let counter: ProcessCounter

    /// - Parameter countsProcess: Whether what the process takes besides belongs to the run; false in a process that does much else.
    init(countsProcess: Bool) {
        counter = ProcessCounter(isOff: !countsProcess)
        state = Mutex(State(counter.read()))
        look(closely: true)
    }

    /// The moment at which the run takes most, as far as it went.
    public var peak: Moment {
        look(closely: true)
        return state.withLock { $0.peak }
    }

    /// The most that the run takes at a time besides weights, mapped or packed: less is not possible.
    public var leastBytes: Int { state.withLock { $0.withoutWeights } }

    /// Bytes of mapped files that are in memory now.
    package var weightBytes: Int { state.withLock { $0.weights.byteCount } }

    /// Notes that something is at work from now on.
    ///
    /// - Parameter work: how people call it.
    public func begin(_ work: String) {
        state.withLock { $0.work.append(work) }
    }

    /// Notes that something has ended.
    ///
    /// - Parameter work: what ``begin(_:)`` was told.
    public func end(_ work: String) {
        look()
        state.withLock { state in
            if let index = state.work.lastIndex(of: work) { state.work.remove(at: index) }
        }
    }

    /// Counts bytes for a moment: what work would take that is not done.
    ///
    /// - Parameter byteCount: how many.
    public func hold(_ byteCount: Int) {
        state.withLock { $0.announced += byteCount }
        look()
        state.withLock { $0.announced -= byteCount }
    }
}

extension MemoryPlan {
    /// What a thread of a pool takes: the pages of its stack that it has touched.
    private static let threadBytes = 24 << 10

    func setThreads(_ count: Int) { state.withLock { $0.threads = Swift.max(count - 1, 0) } }

    func add(tensors byteCount: Int) { state.withLock { $0.tensors += byteCount } }

    func add(scratch byteCount: Int) { state.withLock { $0.scratch += byteCount } }

    /// Notes what large blocks are in memory, and how much of that waits to be used again.
    func note(blocks resident: Int, waiting: Int) {
        state.withLock { ($0.blocks, $0.waiting) = (resident, waiting) }
        look()
    }

    /// Notes how much is kept of packed weights.
    func note(packed byteCount: Int) {
        state.withLock { $0.packed = byteCount }
        look()
    }

    /// Makes bytes known that were lent, such as those of a mapped file.
    func register(_ storage: Storage) {
        guard let lender = storage.lender else { return }
        let (start, byteCount) = (UInt(bitPattern: storage.bytes), storage.byteCount)
        state.withLock { $0.weights.add(start, byteCount, of: lender) }
    }

    /// Notes that an op reads bytes, which matters where they are of a mapped file.
    ///
    /// - Returns: whether they are.
    @discardableResult
    func read(_ bytes: UnsafeRawPointer?, _ byteCount: Int) -> Bool {
        guard let bytes, byteCount > 0 else { return false }
        let first = UInt(bitPattern: bytes)
        let (isMapped, grew) = state.withLock { $0.weights.read(first, byteCount) }
        if grew { look() }
        return isMapped
    }

    /// Notes that bytes of a mapped file were given back to the system.
    func release(_ part: UnsafeRawBufferPointer) {
        let first = UInt(bitPattern: part.baseAddress)
        state.withLock { $0.weights.release(first, part.count) }
    }

    /// Compares this moment with those before.
    ///
    /// - Parameter closely: whether all is counted anew, which otherwise happens every few milliseconds.
    func look(closely: Bool = false) {
        let own = counter.anonymousBytes()
        let process = closely ? counter.read() : counter.readSometimes()
        state.withLock { state in
            if let process { state.refresh(process) }
            let weights = state.weights.byteCount
            let process = own + state.process.file + state.threads * Self.threadBytes
            let total = process + state.blocks + weights + state.packed + state.announced
            state.withoutWeights = Swift.max(state.withoutWeights, total - weights - state.packed)
            guard total > state.peak.total else { return }
            let counted = state.tensors + state.scratch + state.waiting + state.announced
            state.peak = Moment(
                work: state.work.last ?? state.peak.work, program: total - weights - state.packed - counted,
                weights: weights, packed: state.packed, tensors: state.tensors, scratch: state.scratch,
                kept: state.waiting,
                pictures: state.announced)
        }
    }
}

extension MemoryPlan.State {
    /// Takes a newer count of the process.
    ///
    /// Until large blocks are touched, the most that the process took counts too: reading a vocabulary takes more for a moment.
    fileprivate mutating func refresh(_ newer: ProcessMemory) {
        process = newer
        guard newer.shared == 0, newer.peak > Swift.max(peak.total, peakBefore) else { return }
        let weights = weights.byteCount
        peak = MemoryPlan.Moment(work: work.last, program: newer.peak, weights: 0, tensors: 0)
        withoutWeights = Swift.max(withoutWeights, newer.peak - Swift.min(weights, newer.peak))
    }
}
