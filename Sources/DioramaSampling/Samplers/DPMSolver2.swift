import DioramaTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// DPM-Solver-2 in Karras' form: the direction of a step is taken at its (geometric) middle.
func dpm2(_ walk: inout SamplingWalk, _ x: Tensor) throws -> Tensor {
    try walk.run(from: x) { walk, step, x, denoised in
        try midpointStep(walk, x, denoised.guided, from: step.sigma, to: step.next)
    }
}

/// ``dpm2(_:_:)`` with fresh noise in each step.
func dpm2Ancestral(_ walk: inout SamplingWalk, _ x: Tensor) throws -> Tensor {
    try walk.run(from: x) { walk, step, x, denoised in
        let ancestral = AncestralStep(step, of: walk.model, FreshNoise())
        let lower = try midpointStep(walk, x, denoised.guided, from: step.sigma, to: ancestral.down)
        return step.next == 0 ? lower : ancestral.renoised(lower, with: walk.noise.next(like: x))
    }
}

/// One step by the direction at the middle of the logarithm of the levels; Euler's when it ends at 0.
private func midpointStep(
    _ walk: SamplingWalk, _ x: Tensor, _ denoised: Tensor, from sigma: Float, to next: Float
) throws -> Tensor {
    let direction = derivative(x, denoised, sigma)
    guard next > 0 else { return x + direction * (next - sigma) }
    let middle = Float((Double(sigma) * Double(next)).squareRoot())
    let halfway = x + direction * (middle - sigma)
    let directionThere = try walk.derivative(halfway, middle)
    return x + directionThere * (next - sigma)
}
