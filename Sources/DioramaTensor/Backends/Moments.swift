/// Mean and variance of values that are seen in parts.
package struct Moments: Sendable {
    package private(set) var count = 0.0
    package private(set) var mean = 0.0
    /// The sum of squares about the mean.
    package private(set) var squares = 0.0

    /// Of nothing yet.
    package init() {}

    /// The squares' mean: not a number where nothing was seen.
    package var variance: Double { squares / count }

    /// Adds the moments of `other` more values, one at least: Chan, Golub and LeVeque, Updating Formulae and a Pairwise Algorithm for
    /// Computing Sample Variances, 1979.
    package mutating func add(count other: Double, mean otherMean: Double, squares otherSquares: Double) {
        let total = count + other
        let difference = otherMean - mean
        squares += otherSquares + difference * difference * count * other / total
        mean += difference * other / total
        count = total
    }
}
