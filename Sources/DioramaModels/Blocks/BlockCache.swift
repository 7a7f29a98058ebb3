import DioramaTensor
import Synchronization

/// Leaves a network's middle blocks out where its first blocks do nearly what they did before, and does their last change again.
///
/// First Block Cache as of [ParaAttention](https://github.com/chengzeyi/ParaAttention), with any number of first and last blocks that always
/// run, as in [Cache-DiT](https://github.com/vipshop/cache-dit)'s DBCache. The first blocks' change to the image tokens, `r`, is compared
/// with the one, `r'`, of the last evaluation that ran all blocks: where `mean|r − r'| / mean|r'|` is under the threshold, the middle
/// blocks' change to the tokens of that evaluation is added in their place.
///
/// It belongs to one run of a sampler and to one prompt, or prompts that are always asked together.
public final class BlockCache: Sendable {
    /// How many blocks always run, and when the others need not.
    public struct Options: Hashable, Sendable {
        /// How far the first blocks' change may differ, relative to its size; at 0 all blocks always run.
        public let threshold: Float
        /// Blocks at the start that always run, 1 or more.
        public let first: Int
        /// Blocks at the end that always run.
        public let last: Int
        /// How often in a row blocks may be left out; nil for any number.
        public let limit: Int?

        /// Blocks that always run, and when the others need not.
        public init(threshold: Double, first: Int = 1, last: Int = 0, limit: Int? = nil) {
            self.threshold = Float(threshold)
            self.first = max(1, first)
            self.last = max(0, last)
            self.limit = limit
        }
    }

    private let options: Options
    private let memory = Mutex(Memory())

    private struct Memory {
        /// What went into the first blocks and into the middle ones of this evaluation, of the present kind.
        var entry: BlockState?
        /// Whether this evaluation leaves the middle blocks out.
        var reuses = false
        /// How many did so in a row.
        var streak = 0
        /// The first blocks' change to the image tokens when all blocks ran last.
        var firstChange: Tensor?
        /// The middle blocks' change to the tokens, by kind of block, at the same time.
        var middleChanges: [BlockKind: BlockState] = [:]
    }

    /// Nothing remembered yet.
    public init(_ options: Options) { self.options = options }

    /// Begins an evaluation of the network, and gives the hook for it; it must stand around all other hooks.
    public func hook() -> BlockHook {
        memory.withLock { $0.reuses = false }
        return BlockHook(.all) { [self] state, call, block in
            if call.index == 0 || call.position == options.first { memory.withLock { $0.entry = state } }
            let isMiddle = (options.first..<max(options.first, call.total - options.last))
                .contains(call.position)
            return isMiddle ? try middle(state, call, block) : try outer(state, call, block)
        }
    }

    /// Whether this evaluation has left blocks out.
    public var reused: Bool { memory.withLock { $0.reuses } }

    /// A first or last block; after the last of the first it is known whether the middle ones run.
    private func outer(
        _ state: BlockState, _ call: BlockCall, _ block: BlockHook.Block
    ) throws -> BlockState {
        let next = try block(state)
        guard call.position == options.first - 1 else { return next }
        memory.withLock { memory in
            guard let entry = memory.entry, entry.image.shape == next.image.shape else { return }
            let change = next.image - entry.image
            memory.reuses = allows(change, memory)
            memory.streak = memory.reuses ? memory.streak + 1 : 0
            if !memory.reuses { memory.firstChange = change }
        }
        return next
    }

    private func allows(_ change: Tensor, _ memory: Memory) -> Bool {
        guard let before = memory.firstChange, before.shape == change.shape else { return false }
        if let limit = options.limit, memory.streak >= limit { return false }
        return meanMagnitude(change - before) / meanMagnitude(before) < options.threshold
    }

    private func middle(
        _ state: BlockState, _ call: BlockCall, _ block: BlockHook.Block
    ) throws -> BlockState {
        let (entry, reuses, change) = memory.withLock {
            ($0.entry, $0.reuses, $0.middleChanges[call.kind])
        }
        if reuses, let change {
            let isStart = call.index == 0 || call.position == options.first
            return isStart ? state.adding(change) : state
        }
        let next = try block(state)
        let isEnd = call.index == call.count - 1 || call.position == call.total - options.last - 1
        if isEnd, let entry {
            memory.withLock { $0.middleChanges[call.kind] = next.adding(entry, times: -1) }
        }
        return next
    }
}

extension BlockState {
    /// This state plus `other`, `sign` times, in both streams.
    fileprivate func adding(_ other: BlockState, times sign: Float = 1) -> BlockState {
        func sum(_ a: Tensor, _ b: Tensor) -> Tensor { sign == 1 ? a + b : a - b }
        return BlockState(
            image: sum(image, other.image),
            context: context.flatMap { own in other.context.map { sum(own, $0) } })
    }
}

/// The mean of the numbers' magnitudes.
private func meanMagnitude(_ x: Tensor) -> Float {
    abs(x).reshaped(1, x.count).mean(axis: 1).floats()[0]
}
