#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// Noise levels between two ends that know no model: the formulas of ComfyUI's comfy/k_diffusion/sampling.py.

/// Noise levels at equal distances in the `rho`-th root, then 0
/// (Karras 2022, https://arxiv.org/abs/2206.00364, equation 5).
///
/// - Parameters:
///   - steps: at least 1.
///   - largest: the first level.
///   - smallest: the last level above 0.
///   - rho: the root, above 0.
/// - Returns: `steps + 1` levels.
public func karrasLevels(steps: Int, from largest: Double, to smallest: Double, rho: Double = 7) -> [Float] {
    linspace(pow(largest, 1 / rho), pow(smallest, 1 / rho), steps).map { Float(pow($0, rho)) } + [0]
}

/// Noise levels in equal ratios, then 0.
///
/// - Parameters:
///   - steps: at least 1.
///   - largest: the first level, above 0.
///   - smallest: the last level above 0.
/// - Returns: `steps + 1` levels.
public func exponentialLevels(steps: Int, from largest: Double, to smallest: Double) -> [Float] {
    linspace(log(largest), log(smallest), steps).map { Float(exp($0)) } + [0]
}

/// Noise levels whose logarithms lie on a power of the way, then 0.
///
/// - Parameters:
///   - steps: at least 1.
///   - largest: the first level, above 0.
///   - smallest: the last level above 0, where `rho` is above 0.
///   - rho: the power, at least 0; 1 gives equal ratios, larger values crowd levels at the low end.
/// - Returns: `steps + 1` levels.
public func polyexponentialLevels(
    steps: Int, from largest: Double, to smallest: Double, rho: Double
) -> [Float] {
    let (low, high) = (log(smallest), log(largest))
    return linspace(1, 0, steps).map { Float(exp(pow($0, rho) * (high - low) + low)) } + [0]
}

/// Noise levels at the quantiles of a Laplace distribution of their logarithms (https://arxiv.org/abs/2407.03297), kept
/// between two ends; there is no 0 behind them.
///
/// The ends of the distribution lie where single precision has few digits left, and this is computed in it as torch does.
///
/// - Parameters:
///   - steps: at least 1.
///   - largest: what no level exceeds; it wins where it is below `smallest`.
///   - smallest: what no level falls below.
///   - mean: the logarithm around which levels crowd.
///   - spread: the distribution's scale, at least 0.
/// - Returns: `steps` levels, of which several may be equal.
public func laplaceLevels(
    steps: Int, from largest: Double, to smallest: Double, mean: Double, spread: Double
) -> [Float] {
    let stride = steps > 1 ? 1 / Float(steps - 1) : 0
    return (0..<steps).map { index in
        let place = index < (steps + 1) / 2 ? Float(index) * stride : 1 - Float(steps - 1 - index) * stride
        let side: Float = place < 0.5 ? 1 : place > 0.5 ? -1 : 0
        let distance = log(1 - 2 * abs(0.5 - place) + 1e-5)
        let level = exp(Float(mean) - Float(spread) * side * distance)
        return min(max(level, Float(smallest)), Float(largest))
    }
}

/// Noise levels of a variance-preserving process whose betas rise linearly in time, at equal distances in time, then 0.
///
/// - Parameters:
///   - steps: at least 1.
///   - rise: how much beta rises over the whole time, at least 0.
///   - start: beta at time 0, at least 0.
///   - end: the last time above 0, in 0...1; the first is 1.
/// - Returns: `steps + 1` levels, infinite where single precision cannot hold their square.
public func variancePreservingLevels(steps: Int, rise: Double, start: Double, end: Double) -> [Float] {
    linspace(1, end, steps).map { time in
        Float(expm1(rise * time * time / 2 + start * time)).squareRoot()
    } + [0]
}
