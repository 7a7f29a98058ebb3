import DioramaTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Adams-Bashforth for unequal steps: one evaluation a step and the directions of the last ones.
func linearMultistep(_ walk: inout SamplingWalk, _ x: Tensor, order: Int) throws -> Tensor {
    let sigmas = walk.sigmas.map(Double.init)
    return try multistep(&walk, x, order: order) { index, order in
        lagrangeIntegrals(
            through: (0..<order).map { sigmas[index - $0] }, from: sigmas[index], to: sigmas[index + 1])
    }
}

/// Improved pseudo linear multistep (https://arxiv.org/abs/2202.09778): the weights of equal steps, order 4.
func ipndm(_ walk: inout SamplingWalk, _ x: Tensor) throws -> Tensor {
    let sigmas = walk.sigmas.map(Double.init)
    let weights: [[Double]] = [
        [1], [3 / 2, -1 / 2], [23 / 12, -16 / 12, 5 / 12], [55 / 24, -59 / 24, 37 / 24, -9 / 24],
    ]
    return try multistep(&walk, x, order: 4) { index, order in
        weights[order - 1].map { $0 * (sigmas[index + 1] - sigmas[index]) }
    }
}

/// Moves by a weighted sum of the last directions, the newest first; the step to 0 goes to the prediction.
///
/// `weights` gives the weights for the index of a step and the number of directions that there are.
func multistep(
    _ walk: inout SamplingWalk, _ x: Tensor, order: Int, weights: (_ index: Int, _ order: Int) -> [Double]
) throws -> Tensor {
    var directions: [Tensor] = []
    return try walk.run(from: x) { _, step, x, denoised in
        if step.next == 0 { return denoised.guided }
        directions.insert(derivative(x, denoised.guided, step.sigma), at: 0)
        if directions.count > order { directions.removeLast() }
        return zip(weights(step.index, directions.count), directions).reduce(x) { $0.adding($1.0, $1.1) }
    }
}

/// The integrals from `start` to `end` of the polynomials that are 1 at one of the points and 0 at the others.
private func lagrangeIntegrals(through points: [Double], from start: Double, to end: Double) -> [Double] {
    let middle = (start + end) / 2
    let half = (end - start) / 2
    let rule = gaussRule((points.count + 1) / 2)
    return points.indices.map { place in
        func polynomial(_ x: Double) -> Double {
            points.indices.reduce(1) {
                $1 == place ? $0 : $0 * (x - points[$1]) / (points[place] - points[$1])
            }
        }
        return rule.reduce(0) { $0 + half * $1.weight * polynomial(middle + half * $1.point) }
    }
}

/// Gauss' rule over −1...1, exact for polynomials of a degree below twice the number of points.
///
/// The points are the zeros of a Legendre polynomial, found by Newton's method.
private func gaussRule(_ count: Int) -> [(point: Double, weight: Double)] {
    (0..<count).map { index in
        var point = cos(Double.pi * (Double(index) + 0.75) / (Double(count) + 0.5))
        var slope = 1.0
        for _ in 0..<8 {
            var (before, value) = (1.0, point)
            for degree in 1..<max(count, 1) {
                let degree = Double(degree)
                (before, value) = (value, ((2 * degree + 1) * point * value - degree * before) / (degree + 1))
            }
            slope = Double(count) * (point * value - before) / (point * point - 1)
            point -= value / slope
        }
        return (point, 2 / ((1 - point * point) * slope * slope))
    }
}
