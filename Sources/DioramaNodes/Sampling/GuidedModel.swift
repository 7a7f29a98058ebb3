package import DioramaModels
package import DioramaSampling
package import DioramaTensor

/// A model asked with the prompts of a guider, and their predictions combined by guidance.
///
/// Where the positive and the negative conditioning have the same shape, both are asked in one batch, the negative one
/// first, as ComfyUI does; otherwise, or where hooks hold for one of them only, one after the other.
package struct GuidedModel: Sendable {
    private let model: Model
    private let guidance: Guidance
    private let third: ThirdPrompt?
    private let onBlock: @Sendable (BlockReport) throws -> Void
    private let positive: [PromptQuery]
    private let negative: [PromptQuery]
    private let beyond: [PromptQuery]
    private let both: TextContext?
    private let networkHooks: NetworkHookChain
    private let modulations: ModulationTable

    /// Prepares a model for prompts.
    ///
    /// - Parameters:
    ///   - guider: the model, its prompts, and how to combine their predictions.
    ///   - latent: the shape of the latents that are denoised at once, `[B, C, H, W]`.
    ///   - sigmas: the noise levels of the run, whose modulations are then computed at once; none where they are not known.
    ///   - coverage: what may change, [B, 1, H, W], for models that are shown it; nil where everything may.
    ///   - needsUnconditional: whether the sampler follows the negative prediction even at scale 1.
    ///   - onBlock: told of each block that the network has run; throwing ends the evaluation.
    /// - Throws: `ModelInputError` where a prompt's area lies outside of the latents.
    package init(
        _ guider: Guider, latent: Shape, sigmas: [Float] = [], coverage: Tensor? = nil,
        needsUnconditional: Bool,
        onBlock: @escaping @Sendable (BlockReport) throws -> Void = { _ in }
    ) throws {
        let model = guider.model
        self.model = model
        self.onBlock = onBlock
        guidance = Guidance(scale: guider.scale)
        third = guider.third
        networkHooks = NetworkHookChain(model)
        let timesteps = sigmas.dropLast().map { model.sampling.timestep(of: $0) }
        modulations = ModulationTable(timesteps: timesteps)
        let asksNegative =
            guidance.needsUnconditional || needsUnconditional || model.guidance.needsUnconditional
            || third?.style == .outer
        let asksPositive = asksNegative || !guider.asksThirdAlone

        var controls = PlacedControls(model, timesteps: timesteps)
        func queries(_ prompts: [PlacedPrompt], _ isAsked: Bool = true) throws -> [PromptQuery] {
            isAsked ? try prompts.map { try PromptQuery($0, latent, model, &controls, coverage) } : []
        }
        let prompts = guider.placedPrompts(in: latent)
        positive = try queries(prompts.positive, asksPositive)
        negative = try queries(prompts.negative, asksNegative)
        beyond = try queries(prompts.third)
        let all = negative + positive
        let isOneEach =
            positive.count == 1 && negative.count == 1 && all.allSatisfy(\.isPlain)
            && positive[0].isSteered(like: negative[0])
        both = isOneEach ? TextContext.batch(all.map(\.context)) : nil
    }

    /// All that the model will be asked.
    var queries: [PromptQuery] { positive + negative + beyond }

    /// What the model's network hooks tell of the run, when it has ended.
    var notices: [String] { networkHooks.notices }

    /// The picture that the model sees in the noisy latent `x`, `[B, C, H, W]`, at a noise level.
    package func callAsFunction(_ x: Tensor, sigma: Float) throws -> Denoised {
        let round = networkHooks.nextRound()
        guard let third else {
            return try pairGuidance(at: sigma, in: x).denoised(pair(in: x, sigma, round))
        }
        let prediction =
            try prediction(
                of: beyond, from: negative.count + positive.count, in: x, sigma,
                third.style == .added ? .positive : .negative, round) ?? .zeros(x.shape, on: x.device)
        if positive.isEmpty && third.style == .added { return Denoised(prediction) }
        let step = try pair(in: x, sigma, round)
        var guidance = pairGuidance(at: sigma, in: x)
        guidance.beforeGuidance = []
        var denoised = try guidance.denoised(step)
        denoised.guided = third.combined(prediction, denoised.guided, positive: step.conditional)
        return denoised
    }

    /// Guidance with the model's hooks, which may ask the model again.
    private func pairGuidance(at sigma: Float, in x: Tensor) -> Guidance {
        let query = ModelQuery(percent: model.sampling.percent(of: sigma)) { hooks, prompts in
            for hook in hooks { try hook.blocks.check(model.network.blockGroups) }
            let asked = prompts == .negative ? negative : positive
            return try prediction(
                of: asked, from: prompts == .negative ? 0 : negative.count, in: x, sigma, prompts,
                adding: hooks)
        }
        return model.guidance.applied(to: guidance, asking: query)
    }

    /// The predictions with the positive and the negative prompt.
    private func pair(in x: Tensor, _ sigma: Float, _ round: Int) throws -> Guidance.Step {
        let asksOneByOne = model.blockHooks.contains { $0.prompts != .both && $0.window.contains(sigma) }
        if let both, !asksOneByOne {
            let halves = try picture(
                in: .concatenated([x, x], axis: 0), sigma, both, positive[0].controls, of: [0, 1], round
            ) { runner(at: sigma, for: .both, adding: $0) }
            .chunked(into: 2, axis: 0)
            return .init(x: x, sigma: sigma, conditional: halves[1], unconditional: halves[0])
        }
        return .init(
            x: x, sigma: sigma,
            conditional: try prediction(of: positive, from: negative.count, in: x, sigma, .positive, round)
                ?? x,
            unconditional: try prediction(of: negative, from: 0, in: x, sigma, .negative, round))
    }

    /// The weighted mean of what the model sees by each conditioning of one kind, nil where there is none.
    ///
    /// Where no conditioning holds the prediction is 0, as in ComfyUI's `calc_cond_batch`. Network hooks hold where it is
    /// a part of a round, not where a guidance hook asks again.
    private func prediction(
        of asked: [PromptQuery], from firstNumber: Int, in x: Tensor, _ sigma: Float, _ prompts: Prompts,
        _ round: Int? = nil, adding hooks: [BlockHook] = []
    ) throws -> Tensor? {
        func seen(by place: Int, in part: Tensor) throws -> Tensor {
            let query = asked[place]
            return try picture(
                in: part, sigma, query.context, query.controls, of: [firstNumber + place], round
            ) {
                runner(at: sigma, for: prompts, adding: hooks + $0)
            }
        }
        if asked.isEmpty { return nil }
        if asked.count == 1, asked[0].isPlain { return try seen(by: 0, in: x) }
        var sum = Tensor.zeros(x.shape, on: x.device)
        var weights = Tensor.full(1e-37, [x.shape[0], 1, x.shape[2], x.shape[3]], on: x.device)
        for (place, query) in asked.enumerated() where query.holds(at: sigma) {
            let seen = try seen(by: place, in: query.part(of: x))
            sum = sum + query.placed(seen * query.weight, in: x.shape)
            weights = weights + query.placed(query.weight, in: x.shape)
        }
        return sum / weights
    }

    /// The picture that the network sees in `x`, with a part for each of the numbered conditionings.
    ///
    /// What ControlNets add stands around the model's own hooks and those of guidance, and within those of caches.
    private func picture(
        in x: Tensor, _ sigma: Float, _ context: TextContext, _ controls: [PlacedControl],
        of conditionings: [Int], _ round: Int?, through runner: ([BlockHook]) -> BlockRunner
    ) throws -> Tensor {
        let time = Tensor.full(model.sampling.timestep(of: sigma), [x.shape[0]], on: x.device)
        let input = model.sampling.modelInput(x, sigma: sigma)
        func network(_ hooks: [BlockHook]) throws -> Tensor {
            let steering = try controls.filter { $0.holds(at: sigma) }.map { control in
                let residuals = try control.residuals(
                    input, time, context, steering: model.network, sigma: sigma,
                    percent: model.sampling.percent(of: sigma), onBlock: onBlock)
                return (residuals: residuals, strength: control.strength)
            }
            let own = steering.isEmpty ? [] : [BlockHook.steering(by: steering)]
            return try model.network(input, timestep: time, context: context, through: runner(own + hooks))
        }
        let output =
            if let round {
                try networkHooks(
                    NetworkCall(input: input, sigma: sigma, conditionings: conditionings, round: round),
                    network)
            } else {
                try network([])
            }
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
            modulations: modulations, onBlock: onBlock)
    }
}

extension Guider {
    /// Whether the third prediction is all that there is to follow where the negative one is not needed: what is added at
    /// scale 1 takes the positive one's place, and no hook sees that one.
    fileprivate var asksThirdAlone: Bool {
        guard let third, third.style == .added, !Guidance(scale: third.scale).needsUnconditional else {
            return false
        }
        return model.guidance.function == nil && model.guidance.after.isEmpty
    }

    /// The prompts with their parts of the picture, and those that guidance compares them with; in ComfyUI's order.
    fileprivate func placedPrompts(
        in latent: Shape
    ) -> (positive: [PlacedPrompt], negative: [PlacedPrompt], third: [PlacedPrompt]) {
        func placed(_ prompt: Conditioning) -> [PlacedPrompt] {
            prompt.entries.map { PlacedPrompt($0, in: latent) }
        }
        let (positive, negative, beyond) = (
            placed(positive), placed(negative), third.map { placed($0.prompt) } ?? []
        )
        if third?.style == .added {
            let matched = PlacedPrompt.matched([beyond, positive, negative])
            return (matched[1], matched[2], matched[0])
        }
        let matched = PlacedPrompt.matched([positive, negative, beyond])
        return (matched[0], matched[1], matched[2])
    }
}
