/// A change to what some of a model's transformer blocks do.
///
/// A hook stands around its blocks: it is given the state that would go in and the block itself, and gives the state that goes on. It
/// may call the block once, more than once or not at all, on any state of the same shapes.
///
/// ```swift
/// let louder = BlockHook(.blocks(2...4)) { state, call, block in
///     var next = try block(state)
///     next.image = next.image * 1.1
///     return next
/// }
/// ```
public struct BlockHook: Sendable {
    /// Evaluates a block, with the hooks that stand closer around it.
    public typealias Block = (BlockState) throws -> BlockState
    /// From what would go into the block to what goes on to the next one.
    public typealias Wrap =
        @Sendable (_ state: BlockState, _ call: BlockCall, _ block: Block) throws ->
        BlockState

    /// The blocks it is for.
    public let blocks: BlockSelection
    /// What it does.
    public let wrap: Wrap

    /// A hook of any kind; the conveniences are all made of it.
    public init(_ blocks: BlockSelection, _ wrap: @escaping Wrap) {
        self.blocks = blocks
        self.wrap = wrap
    }
}

extension BlockHook {
    /// Leaves the blocks out: what goes in goes on.
    public static func skip(_ blocks: BlockSelection) -> BlockHook {
        BlockHook(blocks) { state, _, _ in state }
    }

    /// Takes the blocks' change to the state `amount` times: 0 skips, 1 changes nothing, more exaggerates.
    public static func scale(_ blocks: BlockSelection, by amount: Float) -> BlockHook {
        BlockHook(blocks) { state, _, block in
            amount == 0 ? state : state.moved(towards: try block(state), by: amount)
        }
    }

    /// Runs each block `times` times, on its own result; 0 skips, 1 changes nothing.
    public static func `repeat`(_ blocks: BlockSelection, times: Int) -> BlockHook {
        BlockHook(blocks) { state, _, block in
            try (0..<max(0, times)).reduce(state) { state, _ in try block(state) }
        }
    }

    /// Runs something else in place of the blocks.
    public static func replace(
        _ blocks: BlockSelection,
        with other: @escaping @Sendable (BlockState, BlockCall) throws -> BlockState
    ) -> BlockHook {
        BlockHook(blocks) { state, call, _ in try other(state, call) }
    }

    /// Runs another block before each of these.
    public static func insert(
        before blocks: BlockSelection,
        _ other: @escaping @Sendable (BlockState, BlockCall) throws -> BlockState
    ) -> BlockHook {
        BlockHook(blocks) { state, call, block in try block(other(state, call)) }
    }

    /// Runs another block after each of these.
    public static func insert(
        after blocks: BlockSelection,
        _ other: @escaping @Sendable (BlockState, BlockCall) throws -> BlockState
    ) -> BlockHook {
        BlockHook(blocks) { state, call, block in try other(block(state), call) }
    }
}
