import DioramaTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

// DPM-Solver (https://arxiv.org/abs/2206.00927): along λ = −ln σ the model's differential equation is nearly linear. λ is
// in single precision, as in ComfyUI, which lets a run to 0 end at the last level above it, noise of that level and all.

/// DPM-Solver-Fast: equal steps of order 3 and a rest of lower order, with as many evaluations as a run has steps.
///
/// A step counts as many of the run's as it evaluates the model.
func dpmFast(_ walk: inout SamplingWalk, _ x: Tensor) throws -> Tensor {
    let way = try DPMSolverWay(walk)
    let evaluations = walk.sigmas.count - 1
    let rest = evaluations % 3
    let orders = Array(repeating: 3, count: (evaluations - 1) / 3) + (rest == 0 ? [2, 1] : [rest])
    var x = x
    var asked = 0
    for (index, order) in orders.enumerated() {
        let (start, end) = (way.point(index, of: orders.count), way.point(index + 1, of: orders.count))
        let denoised = try walk.denoised(x, exp(-start))
        let move = DPMSolverMove(walk, x, denoised, from: start, to: end)
        x =
            switch order {
            case 1: move.first
            case 2: move.second(by: try move.noise(at: 1 / 2), at: 1 / 2)
            default: try move.third(by: try move.noise(at: 1 / 3))
            }
        asked += order
        try walk.finish(.init(index: asked - 1, sigma: exp(-start), next: exp(-end)), x, denoised)
    }
    return x
}

/// Where a run goes along λ: from its first level to its last one above 0.
struct DPMSolverWay {
    let start, end: Float

    /// - Throws: ``SamplingError/unusableLevels(sampler:problem:)`` for levels that have no logarithm.
    init(_ walk: SamplingWalk) throws {
        let levels = walk.sigmas.last == 0 ? walk.sigmas.dropLast() : walk.sigmas[...]
        guard let first = levels.first, let last = levels.last, first > 0, last > 0, first.isFinite,
            last.isFinite
        else {
            throw SamplingError.unusableLevels(
                sampler: walk.sampler, problem: "starts and ends above 0 and takes only numbers as levels")
        }
        (start, end) = (-log(first), -log(last))
    }

    /// The start of one of equal steps.
    func point(_ index: Int, of count: Int) -> Float {
        let part = Double(index) / Double(count)
        return Float(Double(start) + (Double(end) - Double(start)) * part)
    }
}

/// One step of DPM-Solver from one λ to another.
struct DPMSolverMove {
    private let walk: SamplingWalk
    private let x: Tensor
    private let start: Float
    private let length: Double
    /// The noise that the model sees at the start.
    private let noise: Tensor
    /// The noise level of the end.
    private let sigma: Double

    init(_ walk: SamplingWalk, _ x: Tensor, _ denoised: Tensor, from start: Float, to end: Float) {
        self.walk = walk
        self.x = x
        self.start = start
        length = Double(end - start)
        noise = derivative(x, denoised, exp(-start))
        sigma = Double(exp(-end))
    }

    /// The end by the noise of the start, order 1.
    var first: Tensor { x.adding(-sigma * expm1(length), noise) }

    /// The end with the noise inside the step, order 2; see ``noise(at:)``.
    func second(by inner: Tensor, at part: Double) -> Tensor {
        first.adding(-sigma / (2 * part) * expm1(length), inner - noise)
    }

    /// The end with the noise at one and two thirds of the step, order 3.
    func third(by inner: Tensor) throws -> Tensor {
        let slope = inner - noise
        let place = point(at: 2 / 3)
        let ahead = latent(at: 2 / 3).adding(-Double(exp(-place)) * 2 * curve(length * 2 / 3), slope)
        let outer = try walk.derivative(ahead, exp(-place))
        return first.adding(-sigma * 1.5 * curve(length), outer - noise)
    }

    /// The noise that the model sees at a part of the step, where the noise of the start leads.
    func noise(at part: Double) throws -> Tensor {
        try walk.derivative(latent(at: part), exp(-point(at: part)))
    }

    private func point(at part: Double) -> Float { start + Float(length * part) }

    private func latent(at part: Double) -> Tensor {
        x.adding(-Double(exp(-point(at: part))) * expm1(length * part), noise)
    }

    /// `(e^h − 1) / h − 1`.
    private func curve(_ length: Double) -> Double {
        length == 0 ? 0 : expm1(length) / length - 1
    }
}
