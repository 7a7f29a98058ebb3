package import DioramaModels
package import DioramaSampling
package import DioramaTensor

/// A model asked with both prompts, and their predictions combined by guidance.
///
/// Where the two conditionings have the same shape, both are asked in one batch, the negative one first, as ComfyUI
/// does; otherwise, or where hooks hold for one of them only, one after the other.
package struct GuidedModel: Sendable {
    private let model: Model
    private let guidance: Guidance
    private let onBlock: @Sendable (BlockReport) throws -> Void
    private let positive: [WeightedContext]
    private let negative: [WeightedContext]
    private let both: TextContext?

    /// Prepares a model for prompts.
    ///
    /// - Parameters:
    ///   - model: the model to ask.
    ///   - positive: what the picture shall show.
    ///   - negative: what the picture shall not show.
    ///   - guidance: how to combine the two predictions.
    ///   - latent: the shape of the latents that are denoised at once, `[B, C, H, W]`.
    ///   - needsUnconditional: whether the sampler follows the negative prediction even at scale 1.
    ///   - onBlock: told of each block that the network has run; throwing ends the evaluation.
    package init(
        _ model: Model, positive: Conditioning, negative: Conditioning, guidance: Guidance, latent: Shape,
        needsUnconditional: Bool, onBlock: @escaping @Sendable (BlockReport) throws -> Void = { _ in }
    ) {
        self.model = model
        self.guidance = guidance
        self.onBlock = onBlock
        self.positive = positive.entries.map { WeightedContext($0, latent, model.sampling) }
        let asksNegative =
            guidance.needsUnconditional || needsUnconditional || model.guidance.needsUnconditional
        self.negative =
            asksNegative ? negative.entries.map { WeightedContext($0, latent, model.sampling) } : []
        let all = self.negative + self.positive
        let isOneEach = self.positive.count == 1 && self.negative.count == 1 && all.allSatisfy(\.isPlain)
        both = isOneEach ? TextContext.batch(all.map(\.context)) : nil
    }

    /// Every conditioning that the model will be asked with.
    var contexts: [TextContext] { (positive + negative).map(\.context) }

    /// The picture that the model sees in the noisy latent `x`, `[B, C, H, W]`, at a noise level.
    package func callAsFunction(_ x: Tensor, sigma: Float) throws -> Denoised {
        let percent = model.sampling.percent(of: sigma)
        let query = ModelQuery(percent: percent) { hooks, prompts in
            for hook in hooks { try hook.blocks.check(model.network.blockGroups) }
            return try prediction(in: x, sigma, prompts, adding: hooks)
        }
        let guidance = model.guidance.applied(to: guidance, asking: query)
        let asksOneByOne = model.blockHooks.contains { $0.prompts != .both && $0.window.contains(sigma) }
        if let both, !asksOneByOne {
            let halves = try picture(
                in: .concatenated([x, x], axis: 0), sigma, both, through: runner(at: sigma, for: .both)
            ).chunked(into: 2, axis: 0)
            return try guidance.denoised(
                .init(x: x, sigma: sigma, conditional: halves[1], unconditional: halves[0]))
        }
        let conditional = try prediction(in: x, sigma, .positive) ?? x
        let unconditional = try prediction(in: x, sigma, .negative)
        return try guidance.denoised(
            .init(x: x, sigma: sigma, conditional: conditional, unconditional: unconditional))
    }

    /// The weighted mean of what the model sees by each conditioning of one kind, nil where there is none.
    ///
    /// Where no conditioning holds the prediction is 0, as in ComfyUI's `calc_cond_batch`.
    private func prediction(
        in x: Tensor, _ sigma: Float, _ prompts: Prompts, adding hooks: [BlockHook] = []
    ) throws -> Tensor? {
        let runner = runner(at: sigma, for: prompts, adding: hooks)
        let asked = prompts == .negative ? negative : positive
        if asked.isEmpty { return nil }
        if asked.count == 1, asked[0].isPlain {
            return try picture(in: x, sigma, asked[0].context, through: runner)
        }
        var sum = Tensor.zeros(x.shape, on: x.device)
        var weights = Tensor.full(
            .leastNormalMagnitude, [x.shape[0], 1, x.shape[2], x.shape[3]], on: x.device)
        for entry in asked where entry.window.contains(sigma) {
            let seen = try picture(in: x, sigma, entry.context, through: runner)
            sum = sum + seen * entry.weight
            weights = weights + entry.weight
        }
        return sum / weights
    }

    private func picture(
        in x: Tensor, _ sigma: Float, _ context: TextContext, through runner: BlockRunner
    ) throws -> Tensor {
        let time = Tensor.full(model.sampling.timestep(of: sigma), [x.shape[0]], on: x.device)
        let output = try model.network(
            model.sampling.modelInput(x, sigma: sigma), timestep: time, context: context, through: runner)
        return model.sampling.denoised(from: output, x: x, sigma: sigma)
    }

    /// What runs the blocks at a noise level, with the hooks that hold there.
    private func runner(
        at sigma: Float, for prompts: Prompts, adding hooks: [BlockHook] = []
    ) -> BlockRunner {
        let own = model.blockHooks.filter {
            $0.window.contains(sigma) && ($0.prompts == .both || $0.prompts == prompts)
        }
        return BlockRunner(
            hooks: own.map(\.hook) + hooks, sigma: sigma, percent: model.sampling.percent(of: sigma),
            onBlock: onBlock)
    }
}

/// A conditioning as a run of the sampler asks with it.
private struct WeightedContext: Sendable {
    /// For each latent of the batch; an entry's own is for all of them, or for each already.
    let context: TextContext
    /// The noise levels at which it holds.
    let window: SigmaWindow
    /// The weight of its prediction, `[B, 1, H, W]`.
    let weight: Tensor
    /// Whether its prediction is the mean where it is the only one: it holds always and everywhere.
    let isPlain: Bool

    init(_ entry: Conditioning.Entry, _ latent: Shape, _ sampling: ModelSampling) {
        let device = entry.context.tokens.device
        context = entry.context.repeated(latent[0] / entry.context.tokens.shape[0])
        isPlain = entry.percents == 0...1 && entry.mask == nil && entry.strength == 1
        window =
            entry.percents == 0...1
            ? .whole : sampling.window(fromPercent: entry.percents.lowerBound, to: entry.percents.upperBound)
        let mask =
            entry.mask?.planes(for: latent)
            ?? Tensor.full(1, [latent[0], 1, latent[2], latent[3]], on: device)
        weight = mask * Float(entry.strength)
    }
}
