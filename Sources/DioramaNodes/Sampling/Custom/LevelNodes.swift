import DioramaGraph
import DioramaSampling

// Noise levels between two ends of one's own.

/// Noise levels at equal distances in a root.
struct KarrasScheduler: Node {
    static let spec = NodeSpec(
        "KarrasScheduler", category: "model/sampling/schedulers",
        "Gives noise levels at equal distances in their rho-th root (Karras et al.), between two ends.",
        lane: .io)

    @Input("Steps, one fewer than levels.", in: 1...10000) var steps = 20
    @Input("The first level.", in: 0...5000, step: 0.01, advanced: true) var sigmaMax = 14.614642
    @Input("The last level above 0.", in: 0...5000, step: 0.01, advanced: true) var sigmaMin = 0.0291675
    @Input("The root: larger values crowd levels at the low end.", in: 0...100, step: 0.01, advanced: true)
    var rho = 7.0

    @Output("The noise levels.") var sigmas: Sigmas

    func run(_ context: RunContext) throws {
        guard rho > 0 else { throw context.fail($rho, "is 0; a root is above 0, usually 7") }
        sigmas = Sigmas(karrasLevels(steps: steps, from: sigmaMax, to: sigmaMin, rho: rho))
    }
}

/// Noise levels in equal ratios.
struct ExponentialScheduler: Node {
    static let spec = NodeSpec(
        "ExponentialScheduler", category: "model/sampling/schedulers",
        "Gives noise levels in equal ratios, between two ends.", lane: .io)

    @Input("Steps, one fewer than levels.", in: 1...10000) var steps = 20
    @Input("The first level.", in: 0...5000, step: 0.01, advanced: true) var sigmaMax = 14.614642
    @Input("The last level above 0.", in: 0...5000, step: 0.01, advanced: true) var sigmaMin = 0.0291675

    @Output("The noise levels.") var sigmas: Sigmas

    func run(_ context: RunContext) throws {
        for (value, input) in [(sigmaMax, $sigmaMax), (sigmaMin, $sigmaMin)] where value <= 0 {
            throw context.fail(input, "is 0; equal ratios need ends above 0")
        }
        sigmas = Sigmas(exponentialLevels(steps: steps, from: sigmaMax, to: sigmaMin))
    }
}

/// Noise levels whose logarithms lie on a power of the way.
struct PolyexponentialScheduler: Node {
    static let spec = NodeSpec(
        "PolyexponentialScheduler", category: "model/sampling/schedulers",
        "Gives noise levels whose logarithms lie on a power of the way between two ends.", lane: .io)

    @Input("Steps, one fewer than levels.", in: 1...10000) var steps = 20
    @Input("The first level.", in: 0...5000, step: 0.01, advanced: true) var sigmaMax = 14.614642
    @Input("The last level above 0.", in: 0...5000, step: 0.01, advanced: true) var sigmaMin = 0.0291675
    @Input(
        "The power: 1 gives equal ratios, larger values crowd levels at the low end.", in: 0...100,
        step: 0.01,
        advanced: true)
    var rho = 1.0

    @Output("The noise levels.") var sigmas: Sigmas

    func run(_ context: RunContext) throws {
        for (value, input) in [(sigmaMax, $sigmaMax), (sigmaMin, $sigmaMin)] where value <= 0 {
            throw context.fail(input, "is 0; the logarithms of levels need ends above 0")
        }
        sigmas = Sigmas(polyexponentialLevels(steps: steps, from: sigmaMax, to: sigmaMin, rho: rho))
    }
}

/// Noise levels at the quantiles of a Laplace distribution.
struct LaplaceScheduler: Node {
    static let spec = NodeSpec(
        "LaplaceScheduler", category: "model/sampling/schedulers",
        "Gives noise levels whose logarithms crowd around a mean, as a Laplace distribution has them. No 0 follows the last.",
        lane: .io)

    @Input("How many levels; a run over them makes a step fewer.", in: 1...10000) var steps = 20
    @Input("What no level exceeds.", in: 0...5000, step: 0.01, advanced: true) var sigmaMax = 14.614642
    @Input("What no level falls below.", in: 0...5000, step: 0.01, advanced: true) var sigmaMin = 0.0291675
    @Input(
        "The logarithm of the level around which the others crowd.", in: -10...10, step: 0.1, advanced: true)
    var mu = 0.0
    @Input("How far the logarithms spread; 0 makes all levels one.", in: 0...10, step: 0.1, advanced: true)
    var beta = 0.5

    @Output("The noise levels.") var sigmas: Sigmas

    func run(_ context: RunContext) {
        sigmas = Sigmas(laplaceLevels(steps: steps, from: sigmaMax, to: sigmaMin, mean: mu, spread: beta))
    }
}

/// Noise levels of a variance-preserving process.
struct VPScheduler: Node {
    static let spec = NodeSpec(
        "VPScheduler", category: "model/sampling/schedulers",
        "Gives the noise levels of a variance-preserving process whose betas rise linearly in time.",
        lane: .io)

    @Input("Steps, one fewer than levels.", in: 1...10000) var steps = 20
    @Input("How much beta rises over the whole time.", in: 0...5000, step: 0.01, advanced: true) var betaD =
        19.9
    @Input("Beta at the end without noise.", in: 0...5000, step: 0.01, advanced: true) var betaMin = 0.1
    @Input("The last time above 0, as a part of the whole.", in: 0...1, step: 0.0001, advanced: true)
    var epsS = 0.001

    @Output("The noise levels.") var sigmas: Sigmas

    func run(_ context: RunContext) throws {
        let levels = variancePreservingLevels(steps: steps, rise: betaD, start: betaMin, end: epsS)
        guard levels.allSatisfy(\.isFinite) else {
            throw context.fail(
                betaD / 2 > betaMin ? $betaD : $betaMin,
                "is so large that levels are beyond the range of numbers; beta_d / 2 + beta_min may be 88 at most"
            )
        }
        sigmas = Sigmas(levels)
    }
}
