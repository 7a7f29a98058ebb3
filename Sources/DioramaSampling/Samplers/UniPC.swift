import DioramaTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The two forms of UniPC's B(h).
enum UniPCVariant {
    /// `B(h) = h`.
    case bh1
    /// `B(h) = e^h − 1`.
    case bh2
}

/// UniPC (https://arxiv.org/abs/2302.04867): a predictor and corrector of order 3 with one evaluation a step.
///
/// As in ComfyUI, the noise of every model counts as variance-exploding, and a run to 0 stops at 0.001, from where the
/// latent is freed of its level. Levels too near to differ in single precision are passed over.
func uniPC(_ walk: inout SamplingWalk, _ x: Tensor, variant: UniPCVariant) throws -> Tensor {
    let steps = walk.steps
    let highestOrder = max(min(3, steps.count - 1), 1)
    var x = x
    var reached = Float(0)
    var points: [UniPCPoint] = []
    for step in steps {
        if step.index == 0 { points = [UniPCPoint(step.sigma, try walk.denoised(x, step.sigma))] }
        let present = points[points.count - 1]
        reached = step.next == 0 ? min(0.001, step.sigma / 2) : step.next
        let level = varianceExplodingLevel(reached)
        if level != present.sigma {
            let order = min(highestOrder, step.index + 1, steps.count - step.index, points.count)
            let move = UniPCMove(from: points.suffix(order), to: level, variant: variant)
            let predicted = move.predicted(from: x)
            if step.index == steps.count - 1 {
                x = predicted
            } else {
                let denoised = try walk.denoised(predicted, reached)
                x = move.corrected(from: x, denoised: denoised)
                points = points.suffix(2) + [UniPCPoint(reached, denoised)]
            }
        }
        try walk.finish(step, x, present.denoised)
    }
    return walk.sigmas.last == 0 ? walk.model.unnoised(x, sigma: reached) : x
}

/// A noise level and what the model saw there.
private struct UniPCPoint {
    let sigma: Double
    let denoised: Tensor

    init(_ sigma: Float, _ denoised: Tensor) {
        self.sigma = varianceExplodingLevel(sigma)
        self.denoised = denoised
    }
}

/// The noise level as ComfyUI finds it again from the signal's logarithm in single precision.
///
/// The two agree but for small levels: 0.001 becomes 0.00097656, by which its results would else be off. Levels that
/// would become 0 are kept as they are.
private func varianceExplodingLevel(_ sigma: Float) -> Double {
    let logSignal = 0.5 * log(1 / (sigma * sigma + 1))
    let noise = (1 - exp(2 * logSignal)).squareRoot()
    return noise > 0 ? Double(noise) / Double(exp(logSignal)) : Double(sigma)
}

/// One step of UniPC from the last points, as many as its order.
private struct UniPCMove {
    /// The linear part: the step if the prediction stayed as it is.
    private let ratio, change: Double
    /// B(h).
    private let scale: Double
    /// The present prediction.
    private let denoised: Tensor
    /// The differences to earlier predictions, over their distances.
    private let differences: [Tensor]
    private let predictorWeights, correctorWeights: [Double]

    init(from points: ArraySlice<UniPCPoint>, to next: Double, variant: UniPCVariant) {
        let present = points[points.endIndex - 1]
        let length = log(present.sigma / next)
        let earlier = points.dropLast().reversed()
        var distances = earlier.map { log(present.sigma / $0.sigma) / length }
        denoised = present.denoised
        differences = zip(earlier, distances).map { ($0.denoised - present.denoised) / Float($1) }
        distances.append(1)

        ratio = next / present.sigma
        change = expm1(-length)
        scale = variant == .bh1 ? -length : change
        let order = points.count
        var phi = change / -length - 1
        var factorial = 1.0
        var right: [Double] = []
        for power in 1...order {
            right.append(phi * factorial / scale)
            factorial *= Double(power + 1)
            phi = phi / -length - 1 / factorial
        }
        let matrix = (0..<order).map { power in distances.map { pow($0, Double(power)) } }
        correctorWeights = order == 1 ? [0.5] : solved(matrix, right)
        predictorWeights =
            order <= 2
            ? [Double](repeating: 0.5, count: order - 1)
            : solved(matrix.dropLast().map { $0.dropLast() }, right.dropLast())
    }

    /// The latent of the next level before the model is asked there.
    func predicted(from x: Tensor) -> Tensor {
        zip(predictorWeights, differences).reduce(linear(x)) { $0.adding(-scale * $1.0, $1.1) }
    }

    /// The latent of the next level, with what the model saw there.
    func corrected(from x: Tensor, denoised new: Tensor) -> Tensor {
        zip(correctorWeights, differences + [new - denoised]).reduce(linear(x)) {
            $0.adding(-scale * $1.0, $1.1)
        }
    }

    private func linear(_ x: Tensor) -> Tensor {
        Tensor.weighted((ratio, x), (-change, denoised))
    }
}
