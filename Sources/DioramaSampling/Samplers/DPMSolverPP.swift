import DioramaTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// DPM-Solver++ (https://arxiv.org/abs/2211.01095) in the time t = −ln sigma, in which a step has the length h.

/// DPM-Solver++(2M): one evaluation a step and the memory of the last, order 2.
func dpmpp2M(_ walk: inout SamplingWalk, _ x: Tensor) throws -> Tensor {
    var previous: (denoised: Tensor, length: Double)?
    return try walk.run(from: x) { _, step, x, denoised in
        let length = log(Double(step.sigma) / Double(step.next))
        defer { previous = (denoised.guided, length) }
        if step.next == 0 { return denoised.guided }
        var target = denoised.guided
        if let previous {
            let weight = length / (2 * previous.length)
            target = Tensor.weighted((1 + weight, target), (-weight, previous.denoised))
        }
        return Tensor.weighted((Double(step.next) / Double(step.sigma), x), (-expm1(-length), target))
    }
}

/// ``dpmpp2M(_:_:)`` that leads away from the prediction without the prompt (CFG++).
func dpmpp2MCFGPP(_ walk: inout SamplingWalk, _ x: Tensor) throws -> Tensor {
    var previous: (unconditional: Tensor, length: Double)?
    return try walk.run(from: x) { walk, step, x, denoised in
        let unconditional = try walk.unconditional(denoised)
        let length = log(Double(step.sigma) / Double(step.next))
        let ratio = Double(step.next) / Double(step.sigma)
        defer { previous = (unconditional, length) }
        let next = denoised.guided + Tensor.weighted((ratio, x), (-ratio, unconditional))
        guard let previous, step.next > 0 else { return next }
        let weight = -expm1(-length) * length / (2 * previous.length)
        return next.adding(weight, denoised.guided - previous.unconditional)
    }
}

/// DPM-Solver++(2S) with fresh noise in each step: a second evaluation in the middle, order 2.
func dpmpp2SAncestral(_ walk: inout SamplingWalk, _ x: Tensor, _ fresh: FreshNoise) throws -> Tensor {
    try walk.run(from: x) { walk, step, x, denoised in
        if step.next == 0 { return denoised.guided }
        let ancestral = AncestralStep(step, of: walk.model, fresh)
        let down = ancestral.down
        var lower = eulerStep(x, denoised.guided, from: step.sigma, to: down)
        if down > 0 || walk.model.isFlow && step.sigma >= 1 {
            let middle = middleLevel(step.sigma, down, of: walk.model)
            let halfway = eulerStep(x, denoised.guided, from: step.sigma, to: middle)
            lower = eulerStep(x, try walk.denoised(halfway, middle), from: step.sigma, to: down)
        }
        return ancestral.renoised(lower, with: walk.noise.next(like: x))
    }
}

/// DPM-Solver++(2S) with fresh noise that leads away from the prediction without the prompt (CFG++).
///
/// As in ComfyUI, the noise of every model counts as variance-exploding.
func dpmpp2SAncestralCFGPP(_ walk: inout SamplingWalk, _ x: Tensor) throws -> Tensor {
    try walk.run(from: x) { walk, step, x, denoised in
        if step.next == 0 { return denoised.guided }
        let (down, up) = ancestralLevels(from: Double(step.sigma), to: Double(step.next), eta: 1)
        let middle = Float((Double(step.sigma) * down).squareRoot())
        let pushed = x + (denoised.guided - (try walk.unconditional(denoised)))
        let halfway = eulerStep(pushed, denoised.guided, from: step.sigma, to: middle)
        let second = try walk.denoise(halfway, middle)
        let pushedAgain = x + (denoised.guided - (try walk.unconditional(second)))
        let lower = eulerStep(pushedAgain, second.guided, from: step.sigma, to: Float(down))
        return lower.adding(up, walk.noise.next(like: x))
    }
}

/// The level in the middle of two in half the logarithm of the signal-to-noise ratio.
private func middleLevel(_ sigma: Float, _ next: Float, of model: ModelSampling) -> Float {
    if model.isFlow && sigma >= 1 { return 0.9999 }
    return model.sigma(halfLogSNR: (model.halfLogSNR(sigma) + model.halfLogSNR(next)) / 2)
}
