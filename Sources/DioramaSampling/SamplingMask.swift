public import DioramaTensor

/// What a run may change (1) and what it keeps (0), perhaps other cells at other noise levels.
public struct SamplingMask: Sendable {
    private let at: @Sendable (Float) -> Tensor

    /// The same at every noise level.
    ///
    /// - Parameter coverage: broadcast to the latent.
    public init(_ coverage: Tensor) { at = { _ in coverage } }

    private init(at: @escaping @Sendable (Float) -> Tensor) { self.at = at }

    /// What may change at a noise level.
    ///
    /// - Parameter sigma: the noise level.
    /// - Returns: coverage, broadcast to the latent.
    public func callAsFunction(_ sigma: Float) -> Tensor { at(sigma) }

    /// A cell begins to change when the way has come so far that its coverage is reached: the more it is covered, the
    /// earlier (Levin and Fried, [Differential Diffusion](https://arxiv.org/abs/2306.00950)).
    ///
    /// - Parameters:
    ///   - coverage: 0...1, broadcast to the latent.
    ///   - strength: 1 changes cells wholly or not at all, smaller values mix the coverage itself in.
    ///   - sigmas: the run's noise levels.
    ///   - model: how the model measures noise.
    /// - Returns: a mask for the run; the plain one where there is no way to go.
    public static func differential(
        _ coverage: Tensor, strength: Double, sigmas: [Float], model: ModelSampling
    ) -> SamplingMask {
        guard let first = sigmas.first, let last = sigmas.last else { return SamplingMask(coverage) }
        let from = model.timestep(of: first)
        let to = model.timestep(of: max(last, model.sigmaMin))
        guard from != to else { return SamplingMask(coverage) }
        let values = coverage.floats()
        let (device, shape, strength) = (coverage.device, coverage.shape, Float(strength))
        return SamplingMask { sigma in
            let threshold = (model.timestep(of: sigma) - to) / (from - to)
            return Tensor(
                values.map { value in
                    let isOn: Float = value >= threshold ? 1 : 0
                    return strength > 0 && strength < 1 ? strength * isOn + (1 - strength) * value : isOn
                }, shape, on: device)
        }
    }
}
