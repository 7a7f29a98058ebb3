import DioramaTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The choices of ``Sampler/saSolver(_:_:)``.
public struct StochasticAdams: Sendable {
    /// How much noise replaces the latent's own: 0 for none, 1 for the reverse diffusion.
    public var eta = 1.0
    /// What the noise is multiplied by.
    public var noiseScale = 1.0
    /// The noise levels to which steps add noise, the highest first; those from 0.2 to 0.8 of the model's way when nil.
    public var noisyLevels: (highest: Float, lowest: Float)?
    /// The predictor's order, 1...6.
    public var predictorOrder = 3
    /// The corrector's order, 0...6; 0 leaves it out.
    public var correctorOrder = 4
    /// Whether the model is asked again after the corrector (PECE); else the prediction of the predictor's latent is kept.
    public var evaluatesAgain = false
    /// Whether steps of order 2 take the paper's short formulas (appendix D).
    public var hasSimpleSecondOrder = false

    /// ComfyUI's defaults.
    public init() {}

    /// ComfyUI's `sa_solver_pece`.
    static var evaluatingAgain: StochasticAdams {
        var choices = StochasticAdams()
        choices.evaluatesAgain = true
        return choices
    }
}

/// SA-Solver (https://arxiv.org/abs/2309.05019): stochastic Adams, a predictor and a corrector.
func saSolver(_ walk: inout SamplingWalk, _ x: Tensor, _ choices: StochasticAdams) throws -> Tensor {
    let evaluatesAgain = choices.evaluatesAgain
    walk.startBelowPureNoise()
    let model = walk.model
    let count = walk.sigmas.count - 1
    let endsAtZero = walk.sigmas.last == 0
    let lambdas = walk.sigmas.map(model.halfLogSNR)
    let noisy = choices.noisyLevels ?? (model.sigma(atPercent: 0.2), model.sigma(atPercent: 0.8))
    let isSimple = choices.hasSimpleSecondOrder
    let memory = max(choices.predictorOrder, choices.correctorOrder)
    var history: [Tensor] = []
    var start = x
    var last: (sigma: Float, eta: Double, noise: Tensor?)?

    return try walk.run(from: x) { walk, step, x, denoised in
        let index = step.index
        let orderAtEnd = endsAtZero ? count - index : count
        history = history.suffix(memory - 1) + [denoised.guided]

        let correctorOrder =
            step.next == 0 && !evaluatesAgain ? 0 : min(choices.correctorOrder, history.count, orderAtEnd)
        if let last, correctorOrder > 0 {
            let move = AdamsMove(
                from: last.sigma, to: step.sigma, eta: last.eta, model: model,
                points: lambdas[(index + 1 - correctorOrder)...index], isSimple: isSimple)
            start = move.moved(start, by: history.suffix(correctorOrder), last.noise)
            if evaluatesAgain { history[history.count - 1] = try walk.denoised(start, step.sigma) }
        } else {
            start = x
        }
        if step.next == 0 { return history[history.count - 1] }

        let eta = step.next <= noisy.highest && step.next >= noisy.lowest ? choices.eta : 0
        let predictorOrder = min(
            choices.predictorOrder, history.count, endsAtZero ? orderAtEnd - 1 : orderAtEnd)
        let move = AdamsMove(
            from: step.sigma, to: step.next, eta: eta, model: model,
            points: lambdas[(index + 1 - predictorOrder)...index], isSimple: isSimple)
        let isNoisy = eta > 0 && choices.noiseScale > 0
        let noise = isNoisy ? walk.noise.next(like: x) * Float(move.spread * choices.noiseScale) : nil
        last = (step.sigma, eta, noise)
        return move.moved(start, by: history.suffix(predictorOrder), noise)
    }
}

/// A way between two levels along the polynomial through predictions at some points of half the log-SNR.
private struct AdamsMove {
    /// The amount of noise at the end.
    let spread: Double
    private let fade: Double
    private let weights: [Double]

    init(
        from sigma: Float, to next: Float, eta: Double, model: ModelSampling, points: ArraySlice<Double>,
        isSimple: Bool
    ) {
        let end = model.halfLogSNR(next)
        let length = end - model.halfLogSNR(sigma)
        fade = Double(next) / Double(sigma) * exp(-eta * eta * length)
        spread = Double(next) * (-expm1(-2 * eta * eta * length)).squareRoot()
        // In units of the length, from the end, the way is −1...0.
        let places = points.map { ($0 - end) / length }
        let moments = exponentialMoments(rate: (1 + eta * eta) * length, count: places.count)
        let signal = Double(next) * exp(end)
        if isSimple, places.count == 2 {
            // The slope's share, half of the exponential's first term; the corrector's last point is the way's end.
            let rate = (1 + eta * eta) * length
            let isCorrector = places[1] == 0
            let slope = isCorrector ? rate / 2 : rate / (2 * (places[0] + 1))
            let rest = -expm1(-rate) - slope
            weights = (isCorrector ? [rest, slope] : [slope, rest]).map { $0 * signal }
            return
        }
        let matrix = moments.indices.map { power in places.map { pow($0, Double(power)) } }
        weights = solved(matrix, moments).map { $0 * signal }
    }

    /// The latent at the end; the predictions are those of the points.
    func moved(_ x: Tensor, by predictions: ArraySlice<Tensor>, _ noise: Tensor?) -> Tensor {
        let moved = zip(weights, predictions).reduce(x * Float(fade)) { $0.adding($1.0, $1.1) }
        return noise.map { moved + $0 } ?? moved
    }
}

/// The integrals of `rate · e^(rate·u) · u^p` over −1...0 for the powers p from 0.
private func exponentialMoments(rate: Double, count: Int) -> [Double] {
    if rate < 1 {
        // Integration by parts would cancel; the power series converges fast.
        return (0..<count).map { power in
            var term = rate
            return (0..<20).reduce(0.0) { sum, order in
                defer { term *= rate / Double(order + 1) }
                let sign = (power + order).isMultiple(of: 2) ? 1.0 : -1.0
                return sum + sign * term / Double(power + order + 1)
            }
        }
    }
    var moments = [-expm1(-rate)]
    for power in 1..<max(count, 1) {
        let sign = power.isMultiple(of: 2) ? 1.0 : -1.0
        moments.append(-sign * exp(-rate) - Double(power) / rate * moments[power - 1])
    }
    return moments
}
