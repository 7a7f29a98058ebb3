import DioramaTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// The stochastic forms of DPM-Solver++ (https://arxiv.org/abs/2211.01095), in half the logarithm of the
// signal-to-noise ratio, with the noise of one Brownian path.

/// How a multistep solver uses the predictions of earlier steps.
public enum SDEMultistep: Sendable {
    /// Order 2, by the midpoint rule.
    case midpoint
    /// Order 2, by Heun's rule.
    case heun
    /// Order 3.
    case third
}

/// DPM-Solver++(2M) and (3M) SDE: one evaluation a step and the memory of the last ones.
func dpmppMultistepSDE(
    _ walk: inout SamplingWalk, _ x: Tensor, _ form: SDEMultistep, _ fresh: FreshNoise
) throws -> Tensor {
    var path = brownianPath(walk, like: x)
    walk.startBelowPureNoise()
    let model = walk.model
    var history: [(denoised: Tensor, length: Double)] = []
    return try walk.run(from: x) { _, step, x, denoised in
        if step.next == 0 { return denoised.guided }
        let start = model.halfLogSNR(step.sigma)
        let end = model.halfLogSNR(step.next)
        let length = end - start
        let signal = Double(step.next) * exp(end)
        let rate = (1 + fresh.eta) * length
        let change = -expm1(-rate)
        var next = Tensor.weighted(
            (Double(step.next) / Double(step.sigma) * exp(-fresh.eta * length), x),
            (signal * change, denoised.guided))
        if let last = history.first {
            let second = 1 - change / rate
            let slope = (denoised.guided - last.denoised) * Float(length / last.length)
            if form == .third, history.count > 1 {
                let (ratio0, ratio1) = (last.length / length, history[1].length / length)
                let lastSlope = (last.denoised - history[1].denoised) / Float(ratio1)
                let curvature = (slope - lastSlope) / Float(ratio0 + ratio1)
                next = next.adding(signal * second, slope.adding(ratio0, curvature))
                next = next.adding(-signal * (second / rate - 0.5), curvature)
            } else {
                next = next.adding(signal * (form == .midpoint ? 0.5 * change : second), slope)
            }
        }
        history = [(denoised.guided, length)] + history.prefix(1)
        guard fresh.isAdded else { return next }
        let spread = (-expm1(-2 * fresh.eta * length)).squareRoot() * fresh.scale
        return next.adding(
            Double(step.next) * spread, path.noise(from: step.sigma, to: step.next))
    }
}

/// DPM-Solver++ SDE: a second evaluation at a node of each step, above 0; 0.5 is its middle.
func dpmppSDE(_ walk: inout SamplingWalk, _ x: Tensor, node: Double, _ fresh: FreshNoise) throws -> Tensor {
    var path = brownianPath(walk, like: x)
    walk.startBelowPureNoise()
    let model = walk.model
    return try walk.run(from: x) { walk, step, x, denoised in
        if step.next == 0 { return denoised.guided }
        let start = model.halfLogSNR(step.sigma)
        let end = model.halfLogSNR(step.next)
        let clean = x / Float(Double(step.sigma) * exp(start))

        /// The latent of a level: down by a prediction and back up by noise, in units of the signal.
        func move(to lambda: Double, _ sigma: Float, by denoised: Tensor) -> Tensor {
            let (down, up) = ancestralLevels(from: exp(-start), to: exp(-lambda), eta: fresh.eta)
            let kept = down * exp(start)
            var moved = Tensor.weighted((kept, clean), (1 - kept, denoised))
            if fresh.isAdded {
                moved = moved.adding(up * fresh.scale, path.noise(from: step.sigma, to: sigma))
            }
            return moved * Float(Double(sigma) * exp(lambda))
        }
        let nodeSigma = singlePrecisionLevel(step.sigma, step.next, at: Float(node), isFlow: model.isFlow)
        let between = move(to: start + node * (end - start), nodeSigma, by: denoised.guided)
        let second = try walk.denoised(between, nodeSigma)
        let weight = 1 / (2 * node)
        let mixed = weight == 1 ? second : Tensor.weighted((1 - weight, denoised.guided), (weight, second))
        return move(to: end, step.next, by: mixed)
    }
}

/// The level at a node between two in half the logarithm of the signal-to-noise ratio, computed in single precision.
///
/// A Brownian path is rough: a level's last bits decide at which multiple of 1e-6 it is read, so they must be ComfyUI's.
private func singlePrecisionLevel(_ sigma: Float, _ next: Float, at node: Float, isFlow: Bool) -> Float {
    let start = isFlow ? -log(sigma / (1 - sigma)) : -log(sigma)
    let end = isFlow ? -log(next / (1 - next)) : -log(next)
    let middle = start + (end - start) * node
    return isFlow ? 1 / (1 + exp(middle)) : exp(-middle)
}

/// The path of a run: over all of its levels above 0.
private func brownianPath(_ walk: SamplingWalk, like x: Tensor) -> BrownianTree {
    let levels = walk.sigmas.filter { $0 > 0 }
    return BrownianTree(
        from: levels.min() ?? 0, to: levels.max() ?? 0, seeds: walk.noise.seeds, like: x)
}
