public import DioramaModels
public import DioramaSampling
public import DioramaTensor

/// Which of the two predictions of guidance a change is for.
public enum Prompts: Hashable, Sendable {
    /// The one with the prompt and the one without, which are then asked in one batch, the latter first.
    case both
    /// The one with the prompt.
    case positive
    /// The one with the negative prompt.
    case negative
}

/// A hook on a model's blocks, and when it holds.
public struct ModelHook: Sendable {
    /// What it does to which blocks.
    public let hook: BlockHook
    /// The noise levels at which it does so.
    public let window: SigmaWindow
    /// The predictions for which it does so.
    public let prompts: Prompts
}

/// What a model changes about guidance, in ComfyUI's order: pre-CFG functions, the CFG function, post-CFG functions.
public struct GuidanceHooks: Sendable {
    /// Change the predictions before they are combined, one after another.
    public var before: [@Sendable (inout Guidance.Step, ModelQuery) throws -> Void] = []
    /// Combines the predictions in place of the formula.
    public var function: (@Sendable (Guidance.Step, Guidance) throws -> Tensor)?
    /// Change the combined prediction, one after another.
    public var after: [@Sendable (Tensor, Guidance.Step, ModelQuery) throws -> Tensor] = []
    /// Whether they need the prediction with the negative prompt even at scale 1, where it is otherwise not made.
    public var needsUnconditional = false

    /// No hooks.
    public init() {}

    /// Whether there are none.
    public var isEmpty: Bool { before.isEmpty && function == nil && after.isEmpty && !needsUnconditional }

    /// `guidance` with these hooks, which may ask `model` again.
    func applied(to guidance: Guidance, asking model: ModelQuery) -> Guidance {
        var guidance = guidance
        guidance.beforeGuidance += before.map { change in { try change(&$0, model) } }
        if let function { guidance.guidanceFunction = function }
        guidance.afterGuidance += after.map { change in { try change($0, $1, model) } }
        return guidance
    }
}

/// The model of a step, for guidance hooks that ask it again: at the same latent and noise level, with the model's own hooks.
public struct ModelQuery: Sendable {
    /// How far sampling has come: 0 is pure noise, 1 the picture.
    public let percent: Double

    let ask: @Sendable (_ hooks: [BlockHook], _ prompts: Prompts) throws -> Tensor?

    /// The prediction with the prompt, [B, C, H, W], with more hooks around the model's own.
    ///
    /// Throws what hooks throw, and `BlockError` for blocks that the model does not have.
    public func conditional(adding hooks: [BlockHook] = []) throws -> Tensor {
        guard let prediction = try ask(hooks, .positive) else {
            throw ModelInputError("there is no prompt to ask the model with")
        }
        return prediction
    }

    /// The prediction with the negative prompt, [B, C, H, W], with more hooks around the model's own; nil where none is needed.
    ///
    /// Throws what hooks throw, and `BlockError` for blocks that the model does not have.
    public func unconditional(adding hooks: [BlockHook] = []) throws -> Tensor? { try ask(hooks, .negative) }
}
