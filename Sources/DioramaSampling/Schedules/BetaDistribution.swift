#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The Beta distribution on 0...1 with both parameters above 0.
package struct BetaDistribution: Sendable {
    /// The first and second parameter of the density `x^(a−1) (1−x)^(b−1) / B(a, b)`.
    let a, b: Double
    /// B(a, b), the integral of the density's numerator.
    private let normalizer: Double

    package init(_ a: Double, _ b: Double) {
        (self.a, self.b) = (a, b)
        normalizer = tgamma(a) * tgamma(b) / tgamma(a + b)
    }

    /// The probability of a value at or below `x`: the regularized incomplete beta function.
    package func cumulative(_ x: Double) -> Double {
        if x <= 0 { return 0 }
        if x >= 1 { return 1 }
        if a == b && x == 0.5 { return 0.5 }
        let front = pow(x, a) * pow(1 - x, b) / normalizer
        // The continued fraction converges fast below the mean; above it the symmetric one does.
        return x < (a + 1) / (a + b + 2)
            ? front / a * continuedFraction(x, a, b) : 1 - front / b * continuedFraction(1 - x, b, a)
    }

    /// `round(quantile(p) · last)` for each of the descending probabilities, without repetitions.
    ///
    /// The quantile (inverse of ``cumulative(_:)``) of p rounds to k exactly when p lies between the probabilities of
    /// the borders (k ± ½) / last, so walking down these borders needs no inversion and cannot fail to converge.
    /// A tie goes to the even index.
    package func quantileIndices(of probabilities: some Sequence<Double>, last: Int) -> [Int] {
        var indices: [Int] = []
        var index = last
        var border = cumulative((Double(index) - 0.5) / Double(last))
        for probability in probabilities {
            while index > 0, probability < border || (probability == border && !index.isMultiple(of: 2)) {
                index -= 1
                border = cumulative((Double(index) - 0.5) / Double(last))
            }
            if indices.last != index { indices.append(index) }
        }
        return indices
    }

    /// Lentz's evaluation of the continued fraction of the incomplete beta function (DLMF 8.17.22).
    private func continuedFraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
        let tiny = 1e-300
        func awayFromZero(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
        var numerator = 1.0
        var denominator = 1 / awayFromZero(1 - (a + b) * x / (a + 1))
        var result = denominator
        for step in 1...500 {
            let m = Double(step)
            let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
            let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
            var factor = 1.0
            for term in [even, odd] {
                denominator = 1 / awayFromZero(1 + term * denominator)
                numerator = awayFromZero(1 + term / numerator)
                factor = numerator * denominator
                result *= factor
            }
            if abs(factor - 1) < 1e-16 { break }
        }
        return result
    }
}
