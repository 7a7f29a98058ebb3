public import DioramaTensor

/// What flows from one transformer block to the next.
public struct BlockState: Sendable {
    /// Image tokens, [B, N, D]; in single-stream blocks the one sequence of all tokens.
    public var image: Tensor
    /// Text tokens, [B, L, D], in families whose blocks keep them apart from the image's.
    public var context: Tensor?

    /// The tokens of one or of both streams.
    public init(image: Tensor, context: Tensor? = nil) {
        self.image = image
        self.context = context
    }

    /// The way from this state to `other`, gone so far: 0 stays here, 1 arrives, 2 goes as far again.
    public func moved(towards other: BlockState, by amount: Float) -> BlockState {
        if amount == 0 { return self }
        if amount == 1 { return other }
        func between(_ a: Tensor, _ b: Tensor) -> Tensor { a + (b - a) * amount }
        return BlockState(
            image: between(image, other.image),
            context: context.flatMap { own in other.context.map { between(own, $0) } })
    }

    /// How this state differs from what blocks can take: from `expected` in shapes, types or device; nil where it does not.
    func difference(from expected: BlockState) -> String? {
        func difference(_ name: String, _ own: Tensor?, _ expected: Tensor?) -> String? {
            let (found, wanted) = (Self.brief(own), Self.brief(expected))
            if found != wanted { return "\(name) \(found) where \(wanted) is expected" }
            return own?.device == expected?.device ? nil : "\(name) on another device"
        }
        return difference("image tokens", image, expected.image)
            ?? difference("text tokens", context, expected.context)
    }

    private static func brief(_ tokens: Tensor?) -> String {
        tokens.map { "\($0.dtype) \($0.shape)" } ?? "none"
    }
}
