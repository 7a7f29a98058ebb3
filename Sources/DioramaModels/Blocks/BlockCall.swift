public import DioramaTensor

/// The kinds of transformer blocks.
public enum BlockKind: String, Hashable, Sendable {
    /// Image and text in two streams that attend together: Stable Diffusion 3.
    case joint
    /// The same in families that go on with single-stream blocks: Flux.
    case double
    /// All tokens in one sequence: Flux's second half, Z-Image, Lumina.
    case single
    /// Those over image tokens alone that come before all others: Z-Image. They are not counted, and only ControlNets reach them.
    case refiner
    /// Those of a ControlNet, which steers the others; no hook is around them.
    case control
}

/// Blocks of one kind that a network runs one after another.
public struct BlockGroup: Hashable, Sendable {
    /// The blocks' kind.
    public let kind: BlockKind
    /// How many there are.
    public let count: Int

    /// So many blocks of a kind.
    public init(_ kind: BlockKind, count: Int) {
        self.kind = kind
        self.count = count
    }
}

/// One evaluation of one block: which block, and when.
public struct BlockCall: Sendable {
    /// The block's kind.
    public let kind: BlockKind
    /// Its place among the blocks of its kind, from 0.
    public let index: Int
    /// How many blocks of its kind there are.
    public let count: Int
    /// Its place among all blocks of the model, from 0.
    public let position: Int
    /// How many blocks the model has.
    public let total: Int
    /// The noise level of the step.
    public let sigma: Float
    /// How far sampling has come: 0 is pure noise, 1 the picture.
    public let percent: Double
    /// What modulates the block, made from time and text, [B, 1, D].
    ///
    /// It is what the linear layers of adaLN-zero read: SiLU has been applied.
    public let modulation: Tensor

    /// The block as errors and traces name it: `joint block 3`.
    public var name: String { "\(kind.rawValue) block \(index)" }
}

/// One block that has been evaluated, for traces and progress.
public struct BlockReport: Sendable {
    /// Which block, and when in sampling.
    public let call: BlockCall
    /// When it began, its hooks included.
    public let start: ContinuousClock.Instant
    /// When it ended.
    public let end: ContinuousClock.Instant
}
