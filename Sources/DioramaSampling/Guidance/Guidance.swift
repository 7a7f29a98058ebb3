public import DioramaTensor

/// What a model sees in a noisy latent, after guidance.
public struct Denoised: Sendable {
    /// The prediction to follow.
    public var guided: Tensor
    /// The prediction without the prompt, if it was made; the `cfg_pp` samplers need it.
    public var unconditional: Tensor?

    /// A prediction, `[B, C, ...]` as the latent it was made from.
    public init(_ guided: Tensor, unconditional: Tensor? = nil) {
        self.guided = guided
        self.unconditional = unconditional
    }
}

/// Classifier-free guidance: how far to go from the prediction without the prompt beyond the one with it.
///
/// Ho and Salimans, [Classifier-Free Diffusion Guidance](https://arxiv.org/abs/2207.12598). It works on predictions of the picture (x0), as ComfyUI does, and calls hooks in ComfyUI's order:
/// ``beforeGuidance``, then ``guidanceFunction`` in place of the formula, then ``afterGuidance``.
public struct Guidance: Sendable {
    /// The two predictions of one step and where they were made.
    public struct Step: Sendable {
        /// The noisy latent.
        public let x: Tensor
        /// Its noise level.
        public let sigma: Float
        /// The prediction with the prompt.
        public var conditional: Tensor
        /// The prediction with the negative prompt, if it was made.
        public var unconditional: Tensor?

        /// The predictions of one step, all of the latent's shape.
        public init(x: Tensor, sigma: Float, conditional: Tensor, unconditional: Tensor? = nil) {
            self.x = x
            self.sigma = sigma
            self.conditional = conditional
            self.unconditional = unconditional
        }
    }

    /// How far to go: 1 follows the prompt alone, larger values follow it more strictly.
    public let scale: Float
    /// Change the predictions before they are combined, one after another.
    public var beforeGuidance: [@Sendable (inout Step) throws -> Void] = []
    /// Combines the predictions instead of ``combined(_:)``.
    public var guidanceFunction: (@Sendable (Step, Guidance) throws -> Tensor)?
    /// Change the combined prediction, one after another.
    public var afterGuidance: [@Sendable (Tensor, Step) throws -> Tensor] = []

    /// Guidance without hooks.
    public init(scale: Double) {
        self.scale = Float(scale)
        scaleIsOne = (scale - 1).magnitude <= 1e-9 * max(1, scale.magnitude)
    }

    private let scaleIsOne: Bool

    /// Whether the formula depends on the prediction without the prompt: not at scale 1, where ComfyUI skips it too
    /// (unless the sampler needs it, see ``Sampler/needsUnconditional``).
    public var needsUnconditional: Bool { !scaleIsOne }

    /// The prediction to follow, hooks included.
    public func denoised(_ step: Step) throws -> Denoised {
        var step = step
        for change in beforeGuidance { try change(&step) }
        var guided = try guidanceFunction?(step, self) ?? combined(step)
        for change in afterGuidance { guided = try change(guided, step) }
        return Denoised(guided, unconditional: step.unconditional)
    }

    /// `unconditional + (conditional − unconditional) · scale`, or the conditional prediction if it is the only one.
    public func combined(_ step: Step) -> Tensor {
        guard let unconditional = step.unconditional, needsUnconditional else { return step.conditional }
        return unconditional + (step.conditional - unconditional) * scale
    }
}
