public import DioramaTensor

/// Guidance whose length is held to that of the prediction with the prompt, as ComfyUI's `CFGNorm` does.
///
/// Tensors are `[B, C, ...]`; lengths are those of the channels at one place.
extension Guidance {
    /// The guided prediction, shortened where it is longer than the conditional one, times `strength`.
    public static func shortened(_ guided: Tensor, to conditional: Tensor, strength: Float) -> Tensor {
        let ratio = channelLength(conditional) / (channelLength(guided) + 1e-8)
        return guided * ratio.clamped(0, 1) * strength
    }

    /// The formula in place of ``combined(_:)`` that gives the combined noise the length of the conditional one.
    ///
    /// Noise is `x` less the prediction. `strength` goes from the plain formula, 0, to that length, 1, and beyond.
    public func combinedAtLength(_ step: Step, strength: Float) -> Tensor {
        let noise = step.x - step.conditional
        let combined = step.x - combined(step)
        // Where the combined noise is 0 it stays 0, whatever the ratio.
        let ratio = channelLength(noise) / channelLength(combined).clamped(1e-12, .greatestFiniteMagnitude)
        return step.x - (combined + (combined * ratio - combined) * strength)
    }
}

/// The length of each place's channels, [B, 1, ...].
private func channelLength(_ x: Tensor) -> Tensor { sqrt((x * x).sum(axis: 1, keepDims: true)) }
