public import DioramaTensor

/// Guidance whose spread (standard deviation) is held to that of the prediction with the prompt.
///
/// Lin et al., [Common Diffusion Noise Schedules and Sample Steps are Flawed](https://arxiv.org/abs/2305.08891), section 3.4; ComfyUI's
/// `RescaleCFG`. Tensors are `[B, C, ...]`; the spread is that of each item of the batch.
extension Guidance {
    /// The formula in place of ``combined(_:)`` that gives the result the spread of the conditional prediction.
    ///
    /// - Parameters:
    ///   - step: the predictions.
    ///   - multiplier: from the plain formula, 0, to the spread of the conditional prediction, 1.
    ///   - sampling: flow models are rescaled as pictures, others as velocities, of which the paper speaks.
    /// - Returns: the prediction to follow.
    public func combinedAtSpread(_ step: Step, multiplier: Float, sampling: ModelSampling) -> Tensor {
        let combined = combined(step)
        guard !sampling.isFlow else {
            return rescaled(combined, toSpreadOf: step.conditional, multiplier, each: true)
        }
        // v = (x / (σ² + 1) − picture) √(σ² + 1) / σ
        let variance = step.sigma * step.sigma + 1
        let (middle, unit) = (step.x / variance, variance.squareRoot() / step.sigma)
        let velocity = rescaled(
            (middle - combined) * unit, toSpreadOf: (middle - step.conditional) * unit, multiplier, each: true
        )
        return middle - velocity / unit
    }

    /// Skip-layer guidance: from a prediction of the model with layers left out on beyond the whole model's.
    ///
    /// - Parameters:
    ///   - guided: the guided prediction.
    ///   - conditional: the whole model's prediction with the prompt.
    ///   - weakened: that of the model without some layers.
    ///   - scale: how far to go.
    ///   - rescaling: how far to return to the conditional prediction's spread, of the whole batch: 0 not, 1 all the way.
    /// - Returns: the prediction to follow.
    public static func beyond(
        _ guided: Tensor, conditional: Tensor, weakened: Tensor, scale: Float, rescaling: Float
    ) -> Tensor {
        let result = guided + (conditional - weakened) * scale
        return rescaling == 0 ? result : rescaled(result, toSpreadOf: conditional, rescaling, each: false)
    }
}

/// `x`, brought to the spread of `reference` by the part `amount`.
private func rescaled(_ x: Tensor, toSpreadOf reference: Tensor, _ amount: Float, each: Bool) -> Tensor {
    let ratio = spread(reference, each: each) / spread(x, each: each).clamped(1e-8, .greatestFiniteMagnitude)
    return x * (ratio * amount + (1 - amount))
}

/// The standard deviation of each item, [B, 1, ...], or of all of them together, [1, 1, ...].
private func spread(_ x: Tensor, each: Bool) -> Tensor {
    let items = each ? x.shape[0] : 1
    let rows = x.reshaped(items, x.count / max(items, 1))
    let centred = rows - rows.mean(axis: 1, keepDims: true)
    return sqrt((centred * centred).mean(axis: 1, keepDims: true))
        .reshaped(Shape([items] + [Int](repeating: 1, count: x.rank - 1)))
}
