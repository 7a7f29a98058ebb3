import DioramaTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// SEEDS (https://arxiv.org/abs/2305.14267): exponential solvers of the stochastic equation in half the logarithm of the
// signal-to-noise ratio, whose noise is shared between the stages of a step.

/// The choices that make the two-stage samplers.
struct SeedsTwo: Sendable {
    /// The noise.
    var fresh = FreshNoise()
    /// Where in the step the second stage lies, above 0 to 1.
    let node: Double
    /// Whether the prediction is taken as a straight line in time (Heun's way) rather than as constant.
    let followsSlope: Bool
}

/// Two evaluations a step: `seeds_2` and the exponential forms of Heun's method.
func seeds2(_ walk: inout SamplingWalk, _ x: Tensor, _ form: SeedsTwo) throws -> Tensor {
    try seeds(&walk, x) { walk, step, x, first in
        var stage = SeedsStep(step, form.fresh, of: walk.model)
        let halfway = stage.move(x, to: form.node, by: [(stage.phi1(form.node), first)], &walk.noise)
        let second = try walk.denoised(halfway, stage.level(at: form.node))
        let weight = form.followsSlope ? stage.phi2(1) / form.node : stage.phi1(1) / (2 * form.node)
        return stage.move(x, to: 1, by: [(stage.phi1(1) - weight, first), (weight, second)], &walk.noise)
    }
}

/// Three evaluations a step, at its thirds.
func seeds3(_ walk: inout SamplingWalk, _ x: Tensor) throws -> Tensor {
    try seeds(&walk, x) { walk, step, x, first in
        let (node2, node3) = (1.0 / 3, 2.0 / 3)
        var stage = SeedsStep(step, FreshNoise(), of: walk.model)
        let x2 = stage.move(x, to: node2, by: [(stage.phi1(node2), first)], &walk.noise)
        let second = try walk.denoised(x2, stage.level(at: node2))
        let weight2 = stage.phi2(node3) * node3 / node2
        let x3 = stage.move(
            x, to: node3, by: [(stage.phi1(node3) - weight2, first), (weight2, second)], &walk.noise)
        let third = try walk.denoised(x3, stage.level(at: node3))
        let weight3 = stage.phi2(1) / node3
        return stage.move(x, to: 1, by: [(stage.phi1(1) - weight3, first), (weight3, third)], &walk.noise)
    }
}

/// Walks with finite logarithms: from just below pure noise, and to the prediction in the step to 0.
private func seeds(
    _ walk: inout SamplingWalk, _ x: Tensor,
    _ move: (inout SamplingWalk, SamplingWalk.Step, Tensor, Tensor) throws -> Tensor
) throws -> Tensor {
    walk.startBelowPureNoise()
    return try walk.run(from: x) { walk, step, x, denoised in
        step.next == 0 ? denoised.guided : try move(&walk, step, x, denoised.guided)
    }
}

/// One step and its stages; a stage lies at a fraction (node) of the step.
private struct SeedsStep {
    private let model: ModelSampling
    private let sigma: Float
    private let start, length, eta: Double
    private let fresh: FreshNoise
    /// The node of the last stage and the noise that has come together on the way to it.
    private var last = 0.0
    private var noise: Tensor?

    init(_ step: SamplingWalk.Step, _ fresh: FreshNoise, of model: ModelSampling) {
        self.model = model
        self.fresh = fresh
        eta = fresh.eta
        sigma = step.sigma
        start = model.halfLogSNR(step.sigma)
        length = model.halfLogSNR(step.next) - start
    }

    /// The noise level of a stage.
    func level(at node: Double) -> Float {
        model.sigma(halfLogSNR: start + node * length)
    }

    /// `e^z − 1` for the way to a node.
    func phi1(_ node: Double) -> Double {
        expm1(-node * length * (1 + eta))
    }

    /// `(e^z − 1 − z) / z` for the way to a node.
    func phi2(_ node: Double) -> Double {
        let z = -node * length * (1 + eta)
        return (expm1(z) - z) / z
    }

    /// The latent of a stage: the step's start moved by weighted predictions, under noise that continues that of the
    /// stage before.
    mutating func move(
        _ x: Tensor, to node: Double, by predictions: [(Double, Tensor)], _ source: inout NoiseSource
    ) -> Tensor {
        let level = Double(model.sigma(halfLogSNR: start + node * length))
        let signal = level * exp(start + node * length)
        var moved = x * Float(level / Double(sigma) * exp(-node * length * eta))
        for (weight, prediction) in predictions { moved = moved.adding(-signal * weight, prediction) }
        guard fresh.isAdded else { return moved }
        let exponent = (last - node) * length * eta
        let drawn = source.next(like: x) * Float((-expm1(2 * exponent)).squareRoot())
        let shared = noise.map { $0 * Float(exp(exponent)) + drawn } ?? drawn
        noise = shared
        last = node
        return moved.adding(level * fresh.scale, shared)
    }
}
