import DioramaTensor

/// Heun's method: two evaluations a step, order 2 (https://arxiv.org/abs/2206.00364, algorithm 1).
func heun(_ walk: inout SamplingWalk, _ x: Tensor) throws -> Tensor {
    try walk.run(from: x) { walk, step, x, denoised in
        let direction = derivative(x, denoised.guided, step.sigma)
        let ahead = x + direction * (step.next - step.sigma)
        if step.next == 0 { return ahead }
        let directionAhead = try walk.derivative(ahead, step.next)
        return x + (direction + directionAhead) * (0.5 * (step.next - step.sigma))
    }
}

/// Heun's method looking up to two steps ahead, weighing directions by their noise levels.
func heunPP2(_ walk: inout SamplingWalk, _ x: Tensor) throws -> Tensor {
    let sigmas = walk.sigmas
    return try walk.run(from: x) { walk, step, x, denoised in
        let length = step.next - step.sigma
        let first = derivative(x, denoised.guided, step.sigma)
        let ahead = x + first * length
        if step.index == sigmas.count - 2 { return ahead }

        let second = try walk.derivative(ahead, step.next)
        let after = sigmas[step.index + 2]
        if step.index == sigmas.count - 3 {
            let weight = Double(step.next) / (2 * Double(sigmas[0]))
            return x + Tensor.weighted((1 - weight, first), (weight, second)) * length
        }

        let farther = ahead + second * (after - step.next)
        let third = try walk.derivative(farther, after)
        let weight2 = Double(step.next) / (3 * Double(sigmas[0]))
        let weight3 = Double(after) / (3 * Double(sigmas[0]))
        return x + Tensor.weighted((1 - weight2 - weight3, first), (weight2, second), (weight3, third))
            * length
    }
}
