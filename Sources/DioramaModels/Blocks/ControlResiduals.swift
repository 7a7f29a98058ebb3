public import DioramaTensor
import Synchronization

/// What a ControlNet adds to the image tokens of a network in one evaluation, after each block.
///
/// Its own blocks run as the network comes to need them, so that the tokens of one are kept, not those of all.
public final class ControlResiduals: Sendable {
    private let start: BlockState
    private let place: @Sendable (Int) -> Int?
    private let block: @Sendable (Int, BlockState) throws -> BlockState
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
    ///   - place: which of its blocks is for a block of the steered network, by its place among all blocks there; nil for none.
    ///   - block: runs a block.
    ///   - output: makes what is added, [B, N, D], of a block's image tokens.
    public init(
        from start: BlockState, place: @escaping @Sendable (Int) -> Int?,
        block: @escaping @Sendable (Int, BlockState) throws -> BlockState,
        output: @escaping @Sendable (Int, Tensor) -> Tensor
    ) {
        self.start = start
        self.place = place
        self.block = block
        self.output = output
        progress = Mutex(Progress(state: start))
    }

    /// What is added after a block of the steered network.
    ///
    /// - Parameter position: the block's place among all blocks of the network.
    /// - Returns: [B, N, D]; nil for nothing.
    /// - Throws: what the ControlNet's runner throws.
    public func after(_ position: Int) throws -> Tensor? {
        guard let index = place(position) else { return nil }
        var reached = progress.withLock { $0 }
        if index < reached.index { reached = Progress(state: start) }
        while reached.index < index {
            reached.index += 1
            reached.state = try block(reached.index, reached.state)
            reached.residual = nil
        }
        let residual = reached.residual ?? output(index, reached.state.image)
        reached.residual = residual
        progress.withLock { [reached] in $0 = reached }
        return residual
    }
}

extension BlockHook {
    /// Adds what ControlNets give to the image tokens after each block: the sum of all, each times its strength.
    public static func steering(
        by controls: [(residuals: ControlResiduals, strength: Float)]
    ) -> BlockHook {
        BlockHook(.all) { state, call, block in
            var next = try block(state)
            let added = try controls.compactMap { control in
                try control.residuals.after(call.position).map { $0 * control.strength }
            }
            if let first = added.first { next.image = next.image + added.dropFirst().reduce(first, +) }
            return next
        }
    }
}
