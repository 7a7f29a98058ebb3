import DioramaTensor

/// One path of Brownian motion over the noise levels, fixed by its seed however it is asked: the noise of the SDE samplers.
///
/// Where several runs are walked as one batch, each has a path of its own seed.
///
/// It is torchsde's BrownianTree as k-diffusion uses it: the interval of levels is halved again and again, each half's
/// increment drawn (a Brownian bridge) from a generator seeded by its place in the tree, down to steps of 1e-6.
struct BrownianTree {
    private let start, end: Double
    private let seeds: [UInt64]
    private let increment: Tensor
    /// The point that was asked for last: a step starts where the one before ended.
    private var known: (time: Double, value: Tensor)?

    /// The path between two levels, for a latent like `x`.
    init(from low: Float, to high: Float, seeds: [UInt64], like x: Tensor) {
        start = BrownianTree.rounded(Double(low))
        end = BrownianTree.rounded(Double(high))
        self.seeds = seeds
        let root = BrownianTree.normal(
            seeds.map { SeedSequence(entropy: $0, poolSize: BrownianTree.poolSize) }, like: x)
        increment = root * Float((Double(high) - Double(low)).squareRoot())
    }

    /// Standard normal noise for the way from one level to another: the path's increment over the square root of its
    /// length.
    mutating func noise(from sigma: Float, to next: Float) -> Tensor {
        let length = (Double(next) - Double(sigma)).magnitude
        let difference = value(at: Double(next)) - value(at: Double(sigma))
        return difference * Float(1 / length.squareRoot())
    }

    /// The path's value at a level, 0 at its start.
    private mutating func value(at time: Double) -> Tensor {
        let time = BrownianTree.rounded(min(max(time, start), end))
        if let known, known.time == time { return known.value }
        var (low, high, increment) = (start, end, increment)
        var value = increment * 0
        var (place, depth) = (UInt64(0), UInt64(0))
        while time != low && time != high {
            let middle = BrownianTree.rounded(0.5 * (low + high))
            let (left, right) = (middle - low, high - middle)
            let sequences = seeds.map {
                SeedSequence(entropy: $0, path: [place, depth], poolSize: BrownianTree.poolSize)
            }
            let leftIncrement = Tensor.weighted(
                (left / (high - low), increment),
                ((left * right / (high - low)).squareRoot(), BrownianTree.normal(sequences, like: value)))
            if time <= middle {
                (high, increment, place) = (middle, leftIncrement, place &* 2)
            } else {
                value = value + leftIncrement
                (low, increment, place) = (middle, increment - leftIncrement, place &* 2 &+ 1)
            }
            depth += 1
        }
        if time == high { value = value + increment }
        known = (time, value)
        return value
    }

    private static let poolSize = 24

    private static func normal(_ sequences: [SeedSequence], like x: Tensor) -> Tensor {
        var generators = sequences.map { TorchGenerator(seed: UInt64($0.state(1)[0])) }
        return generators.randn(like: x)
    }

    /// The nearest multiple of 1e-6, a tie to the even one: Python's `round(value, 6)`.
    ///
    /// Halves of the grid are as good as ties in floating point, so the product's rounding error decides them.
    private static func rounded(_ value: Double) -> Double {
        let scaled = value * 1e6
        guard scaled.magnitude < 4e15 else { return value }
        let error = (-scaled).addingProduct(value, 1e6)
        let lower = scaled.rounded(.down)
        let excess = scaled - lower - 0.5 + error
        let isLowerEven = lower.remainder(dividingBy: 2) == 0
        return (excess > 0 || (excess == 0 && !isLowerEven) ? lower + 1 : lower) / 1e6
    }
}
