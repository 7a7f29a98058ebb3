public import DioramaGraph
public import DioramaModels
public import DioramaTensor

/// What a prompt asks of a diffusion model: one entry, or several whose predictions are averaged by weight.
public struct Conditioning: PortValue {
    /// The type's name on an edge.
    public static let portType: PortType = "CONDITIONING"

    /// One encoded text, and where and when it holds.
    public struct Entry: Sendable {
        /// The encoded text, a batch of one.
        public var context: TextContext
        /// The weight of its prediction among those of other entries.
        public var strength = 1.0
        /// The part of the way from noise (0) to picture (1) in which it holds.
        public var percents = 0.0...1.0
        /// The part of the picture that the model is shown with it; the whole when nil.
        public var area: ConditioningArea?
        /// Where its prediction counts, 0...1, `[B, H, W]` of any size; everywhere when nil.
        public var mask: Mask?
        /// The weight of the mask, times ``strength``.
        public var maskStrength = 1.0
        /// Whether the model is shown the smallest rectangle that holds what the mask covers, in place of ``area``.
        public var asksAboutMaskBounds = false
        /// How strongly a model that was distilled with guidance shall follow it; nil where nothing is said.
        public var guidance: Double?

        /// Whether such a model is not told of guidance at all.
        public var isUnguided = false
        /// How a model tells the pictures that it looks at apart; nil for the family's usual way.
        public var referenceMethod: ReferenceMethod?
        /// Latents of pictures that the model looks at beside its own, each [B, C, h, w], as an autoencoder gives them.
        public var references: [Tensor] = []
        /// The picture that models for control are shown, or whose masked part is made anew, for models that are shown the rest of it.
        public var inpainting: InpaintingInput?
        /// What steers the model's blocks by pictures; their changes add up.
        public var controls: [Control] = []

        /// An encoded text that holds everywhere and always.
        public init(_ context: TextContext) { self.context = context }
    }

    /// The encoded texts.
    public var entries: [Entry]

    /// Gathers encoded texts that hold everywhere and always.
    public init(_ contexts: [TextContext]) { entries = contexts.map(Entry.init) }

    /// Gathers entries.
    public init(entries: [Entry]) { self.entries = entries }

    /// Bytes that the value keeps alive.
    public var byteCount: Int {
        entries.reduce(0) {
            $0 + $1.context.tokens.count * $1.context.tokens.dtype.size
                + ($1.context.pooled.map { $0.count * $0.dtype.size } ?? 0) + ($1.mask?.byteCount ?? 0)
                + $1.references.reduce(0) { $0 + $1.count * $1.dtype.size }
                + ($1.inpainting?.byteCount ?? 0) + $1.controls.reduce(0) { $0 + $1.byteCount }
        }
    }

    /// The same with each entry changed.
    func mapped(_ change: (inout Entry) throws -> Void) rethrows -> Conditioning {
        var copy = self
        for index in copy.entries.indices { try change(&copy.entries[index]) }
        return copy
    }
}
