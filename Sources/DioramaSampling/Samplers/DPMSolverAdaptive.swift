import DioramaTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// How an adaptive sampler chooses its steps: the names in brackets are those of ComfyUI's SamplerDPMAdaptative.
public struct AdaptiveSteps: Sendable {
    /// How often a step evaluates the model, and how fast its error falls.
    public enum Order: Int, Sendable {
        /// Two evaluations a step, compared with a step of order 1.
        case second = 2
        /// Three, compared with a step of order 2.
        case third = 3
    }

    /// The order of a step.
    public var order = Order.third
    /// The error that a step may make, as a part of each value (`rtol`), 0 or more.
    public var relativeTolerance = 0.05
    /// The error that a step may make in values near 0 (`atol`), 0 or more.
    public var absoluteTolerance = 0.0078
    /// How long the first step is, in logarithms of the noise level (`h_init`), above 0.
    public var firstLength = 0.05
    /// The proportional part of the control of the length by the error (`pcoeff`).
    public var proportional = 0.0
    /// Its integral part (`icoeff`).
    public var integral = 1.0
    /// Its derivative part (`dcoeff`).
    public var derivative = 0.0
    /// By how much the next step must want to be as long as this one for this one to count (`accept_safety`).
    public var acceptance = 0.81
    /// How much of each step is made by fresh noise (`eta`): 0 is none, 1 all that a level allows.
    public var eta = 0.0
    /// What that noise is multiplied by (`s_noise`).
    public var noiseScale = 1.0
    /// After how many evaluations of the model a run that is not at its end fails.
    public var evaluationLimit = 2000

    /// ComfyUI's `dpm_adaptive`.
    public init() {}
}

extension Sampler {
    /// DPM-Solver with steps as long as their error allows: the first and the last noise level count, not those between.
    public static func dpmAdaptive(_ steps: AdaptiveSteps = AdaptiveSteps()) -> Sampler {
        Sampler("dpm_adaptive") { try DioramaSampling.dpmAdaptive(&$0, $1, steps) }
    }
}

/// DPM-Solver-12 and -23 (https://arxiv.org/abs/2206.00927): each step is made in two orders, whose difference is its error;
/// one with too large an error is made again, shorter.
///
/// Observers are told of each attempt, and how much of the way lies behind it as one of the run's steps. An attempt that does not
/// count ends at the level where it started.
///
/// - Throws: ``SamplingError/noWayOn(sampler:sigma:evaluations:)``, ``SamplingError/unusableLevels(sampler:problem:)``.
private func dpmAdaptive(_ walk: inout SamplingWalk, _ x: Tensor, _ steps: AdaptiveSteps) throws -> Tensor {
    let way = try DPMSolverWay(walk)
    let rises = way.end < way.start
    if rises, steps.eta != 0 {
        throw SamplingError.unusableLevels(
            sampler: walk.sampler,
            problem: "adds noise only on a way down; turn the levels around or set eta to 0")
    }
    var control = StepControl(steps)
    var (x, earlier, place, asked) = (x, x, way.start, 0)
    while rises ? place > way.end + 1e-5 : place < way.end - 1e-5 {
        let length = Float(control.length)
        let next = rises ? max(way.end, place - length) : min(way.end, place + length)
        let (sigma, nextSigma) = (exp(-place), exp(-next))
        guard next != place, asked < steps.evaluationLimit else {
            throw SamplingError.noWayOn(sampler: walk.sampler, sigma: sigma, evaluations: asked)
        }
        let split = AdaptiveSplit(from: sigma, to: next, of: way, eta: steps.eta)
        let denoised = try walk.denoised(x, sigma)
        let move = DPMSolverMove(walk, x, denoised, from: place, to: split.down)
        let part = steps.order == .second ? 1.0 / 2 : 1.0 / 3
        let inner = try move.noise(at: part)
        let second = move.second(by: inner, at: part)
        let (low, high) = steps.order == .second ? (move.first, second) : (second, try move.third(by: inner))
        asked += steps.order.rawValue

        // Values that are no numbers go on, so that observers see them.
        let counts = !high.allFinite || control.accepts(steps.error(low, high, earlier))
        if counts {
            earlier = low
            x = steps.eta == 0 ? high : high.adding(split.up * steps.noiseScale, walk.noise.next(like: x))
            place = next
        }
        try walk.finish(
            .init(index: way.step(place, of: walk), sigma: sigma, next: counts ? nextSigma : sigma), x,
            denoised)
    }
    return x
}

/// A step's way down, and the noise back up to its end.
private struct AdaptiveSplit {
    /// The λ to go to.
    let down: Float
    /// The amount of noise to add there.
    let up: Double

    init(from sigma: Float, to next: Float, of way: DPMSolverWay, eta: Double) {
        guard eta != 0 else {
            (down, up) = (next, 0)
            return
        }
        let level = Double(exp(-next))
        let lower = ancestralLevels(from: Double(sigma), to: level, eta: eta).down
        down = min(way.end, -log(Float(lower)))
        let reached = Double(exp(-down))
        up = max(level * level - reached * reached, 0).squareRoot()
    }
}

extension DPMSolverWay {
    /// Which of a run's steps, from 0, ends at or before a place; the first one until then.
    fileprivate func step(_ place: Float, of walk: SamplingWalk) -> Int {
        let count = walk.sigmas.count - 1
        let done = (place - start) / (end - start)
        // What is left below this counts as nothing.
        let isAtEnd = (end - place).magnitude <= 1e-5
        return isAtEnd ? count - 1 : max(Int(done * Float(count)) - 1, 0)
    }
}

extension AdaptiveSteps {
    /// The root of the mean square of the difference of two latents, each value over the error that it may have.
    fileprivate func error(_ low: Tensor, _ high: Tensor, _ earlier: Tensor) -> Double {
        let (lows, highs, earliers) = (low.floats(), high.floats(), earlier.floats())
        var sum = 0.0
        for place in lows.indices {
            let size = Double(max(lows[place].magnitude, earliers[place].magnitude))
            // No tolerance at all is met by equal values only.
            let tolerance = max(absoluteTolerance, relativeTolerance * size, .leastNormalMagnitude)
            let ratio = Double(lows[place] - highs[place]) / tolerance
            sum += ratio * ratio
        }
        return (sum / Double(max(lows.count, 1))).squareRoot()
    }
}

/// A controller of the length of steps by their errors, with a proportional, an integral and a derivative part.
private struct StepControl {
    /// How long the next step shall be.
    private(set) var length: Double
    private let acceptance: Double
    private let exponents: [Double]
    /// One over the errors of this attempt and the last steps that counted, the newest first.
    private var inverses: [Double] = []

    init(_ steps: AdaptiveSteps) {
        length = steps.firstLength.magnitude
        acceptance = steps.acceptance
        let order = steps.eta == 0 ? Double(steps.order.rawValue) : 1.5
        exponents = [
            (steps.proportional + steps.integral + steps.derivative) / order,
            -(steps.proportional + 2 * steps.derivative) / order, steps.derivative / order,
        ]
    }

    /// Whether a step with this error counts; changes the length either way, by a factor of 0.2 to 2.6.
    mutating func accepts(_ error: Double) -> Bool {
        let inverse = 1 / (error + 1e-8)
        inverses = [inverse] + (inverses.isEmpty ? [inverse, inverse] : inverses.dropFirst())
        let wanted = zip(inverses, exponents).reduce(1) { $0 * pow($1.0, $1.1) }
        let factor = 1 + atan((wanted.isNaN ? 0 : wanted) - 1)
        length *= factor
        guard factor >= acceptance else { return false }
        inverses = [inverse, inverse, inverses[1]]
        return true
    }
}
