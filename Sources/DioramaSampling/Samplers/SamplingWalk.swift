public import DioramaTensor

/// What a model sees in a noisy latent of a noise level.
public typealias Denoiser = (_ x: Tensor, _ sigma: Float) throws -> Denoised

/// One finished step of a run.
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

/// One run of a sampler: where it goes, what it asks and whom it tells.
struct SamplingWalk {
    /// One way from a noise level to the next; the two differ.
    struct Step {
        let index: Int
        let sigma: Float
        let next: Float
    }

    let sampler: String
    let model: ModelSampling
    /// The noise levels, none equal to its neighbor.
    var sigmas: [Float]
    var noise: NoiseSource
    let denoise: Denoiser
    let onStep: StepObserver

    /// The ways between the noise levels.
    var steps: [Step] {
        zip(sigmas, sigmas.dropFirst()).enumerated().map {
            Step(index: $0.offset, sigma: $0.element.0, next: $0.element.1)
        }
    }

    /// Walks all steps: asks the model, lets `move` make the next latent from the answer, tells the observer.
    mutating func run(
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

    /// Tells the observer.
    func finish(_ step: Step, _ x: Tensor, _ denoised: Tensor) throws {
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

    /// What the model sees at a level between steps.
    func denoised(_ x: Tensor, _ sigma: Float) throws -> Tensor {
        try denoise(x, sigma).guided
    }

    /// The prediction without the prompt.
    ///
    /// - Throws: ``SamplingError/missingUnconditional(sampler:)``.
    func unconditional(_ denoised: Denoised) throws -> Tensor {
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
