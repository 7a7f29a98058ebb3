public import DioramaTensor

/// What a model sees in a noisy latent of a noise level.
public typealias Denoiser = (_ x: Tensor, _ sigma: Float) throws -> Denoised

/// One finished step of a run.
///
/// Samplers that choose their steps themselves (`dpm_fast`, `dpm_adaptive`) tell how much of the run lies behind them as if it
/// were one of its steps: their index leaps or stays, and never falls.
public struct SamplingStep: Sendable {
    /// Which step, from 0.
    public let index: Int
    /// Of how many.
    public let count: Int
    /// The noise level it started from.
    public let sigma: Float
    /// The noise level it reached.
    public let next: Float
    /// The latent after the step.
    public let x: Tensor
    /// The picture that the model saw at the start of the step: a preview.
    public let denoised: Tensor
}

/// Called after each step with the latent it reached; throwing ends the run, which is how it is cancelled.
public typealias StepObserver = (SamplingStep) throws -> Void

/// One run of a sampler: where it goes, whom it asks and whom it tells.
///
/// A sampler is a function over it. Latents are `[B, C, ...]`, f32, all of one shape and on one device; noise levels (σ) are in the units of the model.
/// Midpoint's rule, for example, is
///
///     Sampler("midpoint") { walk, x in
///         try walk.run(from: x) { walk, step, x, denoised in
///             let half = (step.next - step.sigma) / 2
///             let middle = x + (x - denoised.guided) / step.sigma * half
///             return x + try walk.derivative(middle, step.sigma + half) * (2 * half)
///         }
///     }
public struct SamplingWalk {
    /// One way from a noise level to the next; the two differ.
    public struct Step: Sendable {
        /// Which of the run's ways, from 0.
        public let index: Int
        /// The noise level at its start.
        public let sigma: Float
        /// The noise level at its end: usually lower, 0 in the last step of most runs.
        public let next: Float
    }

    /// The name of the sampler, for messages.
    let sampler: String
    /// How the model measures noise.
    public let model: ModelSampling
    /// The noise levels, two or more, none equal to its neighbor.
    public internal(set) var sigmas: [Float]
    /// Fresh noise of the run's seed, drawn by `walk.noise.next(like: x)`.
    ///
    /// Each run with a seed draws the same numbers in the same order.
    public var noise: NoiseSource
    let denoise: Denoiser
    let onStep: StepObserver

    /// The ways between the noise levels.
    public var steps: [Step] {
        zip(sigmas, sigmas.dropFirst()).enumerated().map {
            Step(index: $0.offset, sigma: $0.element.0, next: $0.element.1)
        }
    }

    /// Walks all steps: asks the model, lets `move` make the next latent from the answer, tells the observer.
    ///
    /// - Parameters:
    ///   - x: The latent of the first level.
    ///   - move: Gives the latent at `step.next` from the one at `step.sigma` and what the model sees in it. It may ask
    ///     the model again, through the walk.
    /// - Returns: The latent at the last level.
    /// - Throws: What `move`, the model and the observer throw.
    public mutating func run(
        from x: Tensor,
        _ move: (_ walk: inout SamplingWalk, _ step: Step, _ x: Tensor, _ denoised: Denoised) throws -> Tensor
    ) throws -> Tensor {
        var x = x
        for step in steps {
            let denoised = try denoise(x, step.sigma)
            x = try move(&self, step, x, denoised)
            try finish(step, x, denoised.guided)
        }
        return x
    }

    /// Tells the observer that a step is done, which ``run(from:_:)`` does itself.
    ///
    /// - Parameters:
    ///   - step: The step.
    ///   - x: The latent that it reached.
    ///   - denoised: The picture that the model saw at its start.
    /// - Throws: What the observer throws, which is how a run is cancelled;
    ///   ``SamplingError/otherLatent(sampler:expected:found:)`` for latents that are not like the run's.
    public func finish(_ step: Step, _ x: Tensor, _ denoised: Tensor) throws {
        try onStep(
            SamplingStep(
                index: step.index, count: sigmas.count - 1, sigma: step.sigma, next: step.next, x: x,
                denoised: denoised))
    }

    /// Starts a flow model's run from pure noise just below it, where the logarithm of the signal is finite: levels
    /// above the one at 0.0001 of the way count as that.
    mutating func startBelowPureNoise() {
        guard model.isFlow, let first = sigmas.first, first >= 1 else { return }
        let highest = min(model.sigma(atPercent: 1e-4), 0.999_999)
        sigmas = [highest] + sigmas.drop { $0 >= highest }
    }

    /// The picture (x0) that the model sees in a latent, guidance included: one evaluation of the model.
    ///
    /// - Parameters:
    ///   - x: A noisy latent.
    ///   - sigma: Its noise level, also one between steps.
    /// - Returns: The picture, of the latent's shape.
    /// - Throws: What the model throws, a cancellation for example;
    ///   ``SamplingError/otherLatent(sampler:expected:found:)`` for a latent that is not like the run's.
    public func denoised(_ x: Tensor, _ sigma: Float) throws -> Tensor {
        try denoise(x, sigma).guided
    }

    /// The direction in which the latent moves as the noise level rises, `(x − x0) / σ`: one evaluation of the model.
    ///
    /// Parameters and errors are those of ``denoised(_:_:)``; the level is above 0.
    public func derivative(_ x: Tensor, _ sigma: Float) throws -> Tensor {
        DioramaSampling.derivative(x, try denoised(x, sigma), sigma)
    }

    /// The prediction without the prompt, for a sampler that `needsUnconditional`.
    ///
    /// - Throws: ``SamplingError/missingUnconditional(sampler:)``.
    public func unconditional(_ denoised: Denoised) throws -> Tensor {
        guard let unconditional = denoised.unconditional else {
            throw SamplingError.missingUnconditional(sampler: sampler)
        }
        return unconditional
    }
}

/// The direction in which the latent moves as the noise level rises: Karras' `d`, a flow model's velocity.
func derivative(_ x: Tensor, _ denoised: Tensor, _ sigma: Float) -> Tensor {
    (x - denoised) / sigma
}

extension Tensor {
    /// The sum of tensors of one shape, each times its weight.
    static func weighted(_ first: (Double, Tensor), _ rest: (Double, Tensor)...) -> Tensor {
        rest.reduce(first.1 * Float(first.0)) { $0 + $1.1 * Float($1.0) }
    }

    /// This tensor and another times its weight.
    func adding(_ weight: Double, _ other: Tensor) -> Tensor {
        self + other * Float(weight)
    }
}
