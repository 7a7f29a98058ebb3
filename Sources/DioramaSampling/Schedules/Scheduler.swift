/// The nine ways to choose the noise levels of a run, in ComfyUI's order and with its names.
public enum Scheduler: String, CaseIterable, Hashable, Sendable, CustomStringConvertible {
    case simple
    case sgmUniform = "sgm_uniform"
    case karras
    case exponential
    case ddimUniform = "ddim_uniform"
    case beta
    case normal
    case linearQuadratic = "linear_quadratic"
    case klOptimal = "kl_optimal"

    /// The names that graphs use, in ComfyUI's order.
    public static var names: [String] { allCases.map(\.rawValue) }

    /// The name that graphs use.
    public var description: String { rawValue }

    /// The scheduler of a name.
    ///
    /// - Throws: ``SamplingError/unknownScheduler(name:known:)``.
    public static func named(_ name: String) throws -> Scheduler {
        guard let scheduler = Scheduler(rawValue: name) else {
            throw SamplingError.unknownScheduler(name: name, known: names)
        }
        return scheduler
    }

    /// The noise levels of a run, descending, the last one 0.
    ///
    /// As ComfyUI's KSampler does it: with `denoise` below 1 a schedule of `steps / denoise` steps is made and only its
    /// last `steps` are walked. `ddim_uniform` may give a few steps more than asked for, and `beta` drops repeated
    /// levels, so it may give fewer.
    ///
    /// - Parameters:
    ///   - model: Where the noise levels come from.
    ///   - steps: The number of steps; below 1 gives no levels.
    ///   - denoise: How much of the way to walk, in 0...1; 0 gives no levels. The whole schedule is never made longer
    ///     than a million steps, so a denoise below `steps / 1 000 000` counts as that.
    ///   - discardsPenultimate: Whether to make one step more and then leave out the last level above 0, which is what
    ///     ``Sampler/discardsPenultimateSigma`` asks for.
    /// - Returns: Usually `steps + 1` levels, in the units of `model`.
    public func sigmas(
        for model: ModelSampling, steps: Int, denoise: Double = 1, discardsPenultimate: Bool = false
    ) -> [Float] {
        guard steps >= 1, denoise > 0 else { return [] }
        let longest = 1_000_000
        let steps = min(steps, longest)
        let whole = denoise > 0.9999 ? steps : Int(min(Double(steps) / denoise, Double(longest)))
        let sigmas = table(for: model, steps: discardsPenultimate ? whole + 1 : whole)
        let kept = discardsPenultimate ? sigmas.dropLast(2) + sigmas.suffix(1) : sigmas[...]
        return whole == steps ? Array(kept) : kept.suffix(steps + 1)
    }

    /// The noise levels of a whole schedule.
    private func table(for model: ModelSampling, steps: Int) -> [Float] {
        switch self {
        case .simple: simpleSigmas(model, steps: steps)
        case .sgmUniform: uniformSigmas(model, steps: steps, leavesOutLast: true)
        case .karras: karrasSigmas(model, steps: steps)
        case .exponential: exponentialSigmas(model, steps: steps)
        case .ddimUniform: ddimUniformSigmas(model, steps: steps)
        case .beta: betaSigmas(model, steps: steps)
        case .normal: uniformSigmas(model, steps: steps, leavesOutLast: false)
        case .linearQuadratic: linearQuadraticSigmas(model, steps: steps)
        case .klOptimal: klOptimalSigmas(model, steps: steps)
        }
    }
}
