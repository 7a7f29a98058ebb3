public import DioramaTensor

/// How latents, noise and a model's output mix at a noise level; every tensor is a latent `[B, C, ...]`.
extension ModelSampling {
    /// What the model is given for the noisy latent: noise-predicting models expect unit variance, those that predict the picture do not.
    public func modelInput(_ x: Tensor, sigma: Float) -> Tensor {
        isFlow || predictsPicture ? x : x / (sigma * sigma + 1).squareRoot()
    }

    /// The picture that the model sees in `x`, from its output: `x − sigma · output` where that is a velocity or the noise.
    public func denoised(from output: Tensor, x: Tensor, sigma: Float) -> Tensor {
        predictsPicture ? output : x - output * sigma
    }

    /// A latent with as much noise as `sigma` means.
    ///
    /// - Parameters:
    ///   - latent: The picture's latent; zeros when there is none.
    ///   - noise: Standard normal noise of the same shape.
    ///   - sigma: The noise level: flow models blend, noise-predicting models add.
    ///   - isMaximum: Whether `sigma` stands for pure noise; noise-predicting models then count their latent's own
    ///     unit variance too.
    /// - Returns: What a sampler starts from.
    public func noised(_ latent: Tensor, with noise: Tensor, sigma: Float, isMaximum: Bool = false) -> Tensor
    {
        if isFlow { return noise * sigma + latent * (1 - sigma) }
        return noise * (isMaximum ? (1 + sigma * sigma).squareRoot() : sigma) + latent
    }

    /// The latent that a run has reached when it stops at `sigma`, which is 0 for a whole run.
    ///
    /// A flow model's latent is faded by `1 − sigma` on the way, which is undone here (unless nothing is left of it).
    public func unnoised(_ x: Tensor, sigma: Float) -> Tensor {
        isFlow && sigma > 0 && sigma < 1 ? x / (1 - sigma) : x
    }

    /// Whether a run that starts at `sigma` starts from pure noise.
    public func isMaximum(_ sigma: Float) -> Bool {
        sigma > sigmaMax || (sigma - sigmaMax).magnitude <= 1e-5 * max(sigma, sigmaMax)
    }
}
