public import DioramaTensor
import Synchronization

/// What a ControlNet adds to the image tokens of a network in one evaluation, after each block.
///
/// Its own blocks run as the network comes to need them, so that the tokens of one are kept, not those of all. They are asked for in the
/// order in which the network runs its blocks; where an earlier one is asked for again, they run from the first.
public final class ControlResiduals: Sendable {
    /// Which of a ControlNet's blocks is for a block of the steered network, by its place; nil for none.
    public typealias Place = @Sendable (Int) -> Int?

    private let start: BlockState
    private let place, refinerPlace: Place
    private let block: @Sendable (Int, BlockState, BlockState?) throws -> BlockState
    private let output: @Sendable (Int, Tensor) -> Tensor
    private let progress: Mutex<Progress>

    private struct Progress {
        /// The last block that has run; -1 before the first.
        var index = -1
        /// What came out of it.
        var state: BlockState
        /// What it adds, where that was asked for.
        var residual: Tensor?
    }

    /// Residuals of a ControlNet whose blocks pass a state on.
    ///
    /// - Parameters:
    ///   - start: what goes into its first block.
    ///   - place: which of its blocks is for a block of the steered network, by its place among all that are counted there.
    ///   - refinerPlace: the same for blocks of the kind `refiner`, by their place among these.
    ///   - block: runs a block, on the state before it; the last is what goes into the steered network's block that it is for, where known.
    ///   - output: makes what is added, [B, N, D], of a block's image tokens.
    public init(
        from start: BlockState, place: @escaping Place, refinerPlace: @escaping Place = { _ in nil },
        block: @escaping @Sendable (Int, BlockState, BlockState?) throws -> BlockState,
        output: @escaping @Sendable (Int, Tensor) -> Tensor
    ) {
        self.start = start
        (self.place, self.refinerPlace) = (place, refinerPlace)
        self.block = block
        self.output = output
        progress = Mutex(Progress(state: start))
    }

    /// What is added after a block of the steered network.
    ///
    /// - Parameters:
    ///   - position: the block's place among all blocks of the network.
    ///   - entered: what goes into it, for ControlNets that look at that.
    /// - Returns: [B, N, D], to the first N tokens; nil for nothing.
    /// - Throws: what the ControlNet's runner throws.
    public func after(_ position: Int, entered: BlockState? = nil) throws -> Tensor? {
        try place(position).map { try residual(of: $0, entered) }
    }

    /// What is added after a block of the kind `refiner`.
    ///
    /// - Parameters:
    ///   - index: the block's place among those of its kind.
    ///   - entered: what goes into it, for ControlNets that look at that.
    /// - Returns: [B, N, D], to the first N tokens; nil for nothing.
    /// - Throws: what the ControlNet's runner throws.
    public func afterRefiner(_ index: Int, entered: BlockState? = nil) throws -> Tensor? {
        try refinerPlace(index).map { try residual(of: $0, entered) }
    }

    private func residual(of index: Int, _ entered: BlockState?) throws -> Tensor {
        var reached = progress.withLock { $0 }
        if index < reached.index { reached = Progress(state: start) }
        while reached.index < index {
            reached.index += 1
            reached.state = try block(reached.index, reached.state, entered)
            reached.residual = nil
        }
        let residual = reached.residual ?? output(index, reached.state.image)
        reached.residual = residual
        progress.withLock { [reached] in $0 = reached }
        return residual
    }

    /// What is added after the block of a call; nil for nothing.
    fileprivate func after(_ call: BlockCall, entered: BlockState) throws -> Tensor? {
        call.kind == .refiner
            ? try afterRefiner(call.index, entered: entered) : try after(call.position, entered: entered)
    }
}

extension BlockHook {
    /// Adds what ControlNets give to the image tokens after each block: the sum of all, each times its strength.
    public static func steering(
        by controls: [(residuals: ControlResiduals, strength: Float)]
    ) -> BlockHook {
        BlockHook(.allAndRefiners) { state, call, block in
            var next = try block(state)
            let added = try controls.compactMap { control in
                try control.residuals.after(call, entered: state).map { $0 * control.strength }
            }
            if let first = added.first {
                next.image = next.image.adding(added.dropFirst().reduce(first, +))
            }
            return next
        }
    }
}

extension Tensor {
    /// Tokens [B, L, D] with others, [B, N, D], added to the first N.
    fileprivate func adding(_ others: Tensor) -> Tensor {
        let (length, count) = (shape[1], others.shape[1])
        guard count < length else { return self + others }
        return .concatenated(
            [narrowed(axis: 1, 0..<count) + others, narrowed(axis: 1, count..<length)], axis: 1)
    }
}
