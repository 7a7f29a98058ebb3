public import DioramaTensor

/// Runs a network's blocks one after another, with the hooks around them: every family runs its blocks through this.
public struct BlockRunner: Sendable {
    /// Runs blocks as they are.
    public static let plain = BlockRunner()

    private let hooks: [BlockHook]
    private let sigma: Float
    private let percent: Double
    let modulations: ModulationTable?
    private let onBlock: (@Sendable (BlockReport) throws -> Void)?

    /// A runner for one evaluation of a network.
    ///
    /// - Parameters:
    ///   - hooks: around the blocks they select; a later one stands around the earlier ones.
    ///   - sigma: the noise level, for hooks to know.
    ///   - percent: how far sampling has come, 0...1, for hooks to know.
    ///   - modulations: those of the run of a sampler that the evaluation belongs to; nil where it stands alone.
    ///   - onBlock: told of each block after it; throwing ends the evaluation.
    public init(
        hooks: [BlockHook] = [], sigma: Float = 0, percent: Double = 0, modulations: ModulationTable? = nil,
        onBlock: (@Sendable (BlockReport) throws -> Void)? = nil
    ) {
        self.hooks = hooks
        self.sigma = sigma
        self.percent = percent
        self.modulations = modulations
        self.onBlock = onBlock
    }

    /// Passes `state` through `blocks`.
    ///
    /// - Parameters:
    ///   - blocks: all blocks of one kind, in order.
    ///   - kind: what they are.
    ///   - state: what goes into the first.
    ///   - modulation: what modulates them, [B, 1, D].
    ///   - before: how many blocks of other kinds the network has run before them.
    ///   - after: how many it will run after them.
    ///   - evaluate: gives what comes out of a block.
    /// - Returns: what comes out of the last.
    /// - Throws: `BlockError` where a hook throws or changes shapes, and what `onBlock` throws.
    public func run<Block>(
        _ blocks: [Block], _ kind: BlockKind, _ state: BlockState, modulation: Tensor, before: Int = 0,
        after: Int = 0, evaluate: (Block, BlockState) throws -> BlockState
    ) throws -> BlockState {
        var state = state
        for (index, block) in blocks.enumerated() {
            state = try run(
                block, kind, at: index, of: blocks.count, state, modulation: modulation, before: before,
                after: after, evaluate: evaluate)
        }
        return state
    }

    /// Passes `state` through blocks over image tokens alone that a network runs before those that it counts.
    ///
    /// What ControlNets add stands around them, other hooks do not, and `onBlock` is not told of them.
    ///
    /// - Parameters:
    ///   - blocks: all of them, in order.
    ///   - state: what goes into the first.
    ///   - modulation: what modulates them, [B, 1, D].
    ///   - evaluate: gives what comes out of a block.
    /// - Returns: what comes out of the last.
    /// - Throws: `BlockError` where a hook throws or changes shapes.
    func refine<Block>(
        _ blocks: [Block], _ state: BlockState, modulation: Tensor,
        evaluate: (Block, BlockState) throws -> BlockState
    ) throws -> BlockState {
        var state = state
        for (index, block) in blocks.enumerated() {
            let call = BlockCall(
                kind: .refiner, index: index, count: blocks.count, position: index, total: blocks.count,
                sigma: sigma, percent: percent, modulation: modulation)
            state = try hooked(call, state) { try evaluate(block, $0) }
        }
        return state
    }

    /// Passes `state` through one of `count` blocks of a kind: for networks that do not run them all at once.
    func run<Block>(
        _ block: Block, _ kind: BlockKind, at index: Int, of count: Int, _ state: BlockState,
        modulation: Tensor, before: Int = 0, after: Int = 0,
        evaluate: (Block, BlockState) throws -> BlockState
    ) throws -> BlockState {
        guard !hooks.isEmpty || onBlock != nil else { return try evaluate(block, state) }
        let call = BlockCall(
            kind: kind, index: index, count: count, position: before + index,
            total: before + count + after, sigma: sigma, percent: percent, modulation: modulation)
        let start = ContinuousClock.now
        let next = try hooked(call, state) { try evaluate(block, $0) }
        try onBlock?(BlockReport(call: call, start: start, end: .now))
        return next
    }

    /// The block of `call` with those hooks that are for it.
    private func hooked(
        _ call: BlockCall, _ state: BlockState, _ block: BlockHook.Block
    ) throws -> BlockState {
        let chosen = hooks.filter { $0.blocks.contains(call) }
        guard !chosen.isEmpty else { return try block(state) }
        do {
            return try pass(state, through: chosen[...], call, block, like: state)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw BlockError("\(call.name) of \(call.count): \(error)")
        }
    }

    /// The outermost hook is the last; what it calls the block is the hooks within and the block.
    private func pass(
        _ state: BlockState, through hooks: ArraySlice<BlockHook>, _ call: BlockCall,
        _ block: BlockHook.Block, like expected: BlockState
    ) throws -> BlockState {
        guard let outermost = hooks.last else { return try block(state) }
        let result = try outermost.wrap(state, call) { inner in
            if let problem = inner.difference(from: expected) {
                throw BlockError("a hook calls the block with \(problem)")
            }
            return try pass(inner, through: hooks.dropLast(), call, block, like: expected)
        }
        if let problem = result.difference(from: expected) { throw BlockError("a hook gives \(problem)") }
        return result
    }
}
