#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// One function for each scheduler: `steps` (at least 1) noise levels of a model, descending, then 0.
// The formulas are those of ComfyUI's comfy/samplers.py and comfy/k_diffusion/sampling.py.

/// A level this near to 0 counts as 0, so a schedule that ends in it needs no 0 of its own.
private let negligible = 1e-5

/// Table entries at equal distances, from the largest.
func simpleSigmas(_ model: ModelSampling, steps: Int) -> [Float] {
    let table = model.sigmas
    let stride = Double(table.count) / Double(steps)
    return (0..<steps).map { table[table.count - 1 - Int(Double($0) * stride)] } + [0]
}

/// Equal distances in model time, from the largest sigma's time to the smallest's.
///
/// For a flow model the smallest sigma, already shifted, is shifted again: this is also what diffusers'
/// FlowMatchEulerDiscreteScheduler does.
func uniformSigmas(_ model: ModelSampling, steps: Int, leavesOutLast: Bool) -> [Float] {
    let start = model.timestep(of: Double(model.sigmaMax))
    let end = model.timestep(of: Double(model.sigmaMin))
    if leavesOutLast || abs(model.sigma(at: end)) <= negligible {
        return linspace(start, end, steps + 1).dropLast().map { Float(model.sigma(at: $0)) } + [0]
    }
    return linspace(start, end, steps).map { Float(model.sigma(at: $0)) } + [0]
}

/// Equal distances in the seventh root (Karras 2022, https://arxiv.org/abs/2206.00364, equation 5).
func karrasSigmas(_ model: ModelSampling, steps: Int) -> [Float] {
    karrasLevels(steps: steps, from: Double(model.sigmaMax), to: Double(model.sigmaMin))
}

/// Equal ratios.
func exponentialSigmas(_ model: ModelSampling, steps: Int) -> [Float] {
    exponentialLevels(steps: steps, from: Double(model.sigmaMax), to: Double(model.sigmaMin))
}

/// Table entries at equal whole-number distances, from the second smallest up; starts below the largest sigma.
func ddimUniformSigmas(_ model: ModelSampling, steps: Int) -> [Float] {
    let table = model.sigmas
    let endsInTable = abs(Double(table[1])) <= negligible
    let distance = max(table.count / (endsInTable ? steps + 1 : steps), 1)
    let picked = stride(from: 1, to: table.count, by: distance).map { table[$0] }
    return picked.reversed() + (endsInTable ? [] : [0])
}

/// ``ModelSampling/betaSigmas(steps:alpha:beta:)`` with 0.6 twice.
func betaSigmas(_ model: ModelSampling, steps: Int) -> [Float] {
    model.betaSigmas(steps: steps, alpha: 0.6, beta: 0.6)
}

extension ModelSampling {
    /// Table entries at the quantiles of a Beta distribution (https://arxiv.org/abs/2407.12173), then 0; an entry is never
    /// repeated.
    ///
    /// - Parameters:
    ///   - steps: at least 1.
    ///   - alpha: the distribution's first parameter, above 0; below 1 entries crowd at the end.
    ///   - beta: its second, above 0; below 1 entries crowd at the start.
    /// - Returns: at most `steps + 1` levels.
    public func betaSigmas(steps: Int, alpha: Double, beta: Double) -> [Float] {
        let probabilities = (0..<steps).lazy.map { 1 - Double($0) / Double(steps) }
        return BetaDistribution(alpha, beta).quantileIndices(of: probabilities, last: sigmas.count - 1)
            .map { sigmas[$0] } + [0]
    }
}

/// Half of the steps linear down to 1 − 0.025 of the largest sigma, the other half on a parabola (Genmo's Mochi).
func linearQuadraticSigmas(_ model: ModelSampling, steps: Int) -> [Float] {
    guard steps > 1 else { return [model.sigmaMax, 0] }
    let threshold = 0.025
    let linearSteps = steps / 2
    let quadraticSteps = Double(steps - linearSteps)
    let slope = threshold / Double(linearSteps)
    let rest = Double(linearSteps) - threshold * Double(steps)
    let square = rest / (Double(linearSteps) * quadraticSteps * quadraticSteps)
    let linear = slope - 2 * rest / (quadraticSteps * quadraticSteps)
    let constant = square * Double(linearSteps * linearSteps)
    let progress = (0..<steps).map { index in
        let index = Double(index)
        return index < Double(linearSteps)
            ? index * slope : square * index * index + linear * index + constant
    }
    return progress.map { Float(1 - $0) * model.sigmaMax } + [0]
}

/// Equal distances in the arc tangent, which minimizes a bound of the KL divergence
/// (Align Your Steps, https://arxiv.org/abs/2404.14507, appendix).
func klOptimalSigmas(_ model: ModelSampling, steps: Int) -> [Float] {
    linspace(atan(Double(model.sigmaMax)), atan(Double(model.sigmaMin)), steps).map { Float(tan($0)) } + [0]
}

/// `count` (at least 1) numbers at equal distances, the first `start` and, if there are two or more, the last `end`.
func linspace(_ start: Double, _ end: Double, _ count: Int) -> [Double] {
    guard count > 1 else { return [start] }
    let step = (end - start) / Double(count - 1)
    return (0..<count).map { $0 == count - 1 ? end : start + Double($0) * step }
}
