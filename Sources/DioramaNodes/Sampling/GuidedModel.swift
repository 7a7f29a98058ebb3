import DioramaModels
package import DioramaSampling
package import DioramaTensor

/// A model asked with both prompts, and their predictions combined by guidance.
///
/// Where the two conditionings have the same shape, both are asked in one batch, the negative one first, as ComfyUI
/// does; otherwise one after the other.
package struct GuidedModel {
    private let model: Model
    private let guidance: Guidance
    private let positive: [TextContext]
    private let negative: [TextContext]
    private let both: TextContext?

    /// Prepares a model for prompts.
    ///
    /// - Parameters:
    ///   - model: the model to ask.
    ///   - positive: what the picture shall show.
    ///   - negative: what the picture shall not show.
    ///   - guidance: how to combine the two predictions.
    ///   - batch: how many latents are denoised at once.
    ///   - needsUnconditional: whether the sampler follows the negative prediction even at scale 1.
    package init(
        _ model: Model, positive: Conditioning, negative: Conditioning, guidance: Guidance, batch: Int,
        needsUnconditional: Bool
    ) {
        self.model = model
        self.guidance = guidance
        self.positive = positive.entries.map { $0.repeated(batch) }
        let asksNegative = guidance.needsUnconditional || needsUnconditional
        self.negative = asksNegative ? negative.entries.map { $0.repeated(batch) } : []
        let isOneEach = self.positive.count == 1 && self.negative.count == 1
        both = isOneEach ? TextContext.batch(self.negative + self.positive) : nil
    }

    /// Every conditioning that the model will be asked with.
    var contexts: [TextContext] { positive + negative }

    /// The picture that the model sees in the noisy latent `x`, `[B, C, H, W]`, at a noise level.
    package func callAsFunction(_ x: Tensor, sigma: Float) throws -> Denoised {
        if let both {
            let halves = try picture(in: .concatenated([x, x], axis: 0), sigma: sigma, both).chunked(
                into: 2, axis: 0)
            return try guidance.denoised(
                .init(x: x, sigma: sigma, conditional: halves[1], unconditional: halves[0]))
        }
        let conditional = try mean(positive.map { try picture(in: x, sigma: sigma, $0) }) ?? x
        let unconditional = try mean(negative.map { try picture(in: x, sigma: sigma, $0) })
        return try guidance.denoised(
            .init(x: x, sigma: sigma, conditional: conditional, unconditional: unconditional))
    }

    private func picture(in x: Tensor, sigma: Float, _ context: TextContext) throws -> Tensor {
        let time = Tensor.full(model.sampling.timestep(of: sigma), [x.shape[0]], on: x.device)
        let output = try model.network(
            model.sampling.modelInput(x, sigma: sigma), timestep: time, context: context)
        return model.sampling.denoised(from: output, x: x, sigma: sigma)
    }

    private func mean(_ predictions: [Tensor]) -> Tensor? {
        guard let first = predictions.first else { return nil }
        guard predictions.count > 1 else { return first }
        return predictions.dropFirst().reduce(first, +) / Float(predictions.count)
    }
}
