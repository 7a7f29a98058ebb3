public import DioramaTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The angles by which a sequence's tokens are turned, for positions of several axes.
///
/// The pairs of a head are shared out among the axes in order; pair j of an axis of d elements turns by
/// position · theta^(-2 j / d). Angles are taken in double precision, as in Flux's `EmbedND` and Z-Image's `RopeEmbedder`.
public struct RotaryPositions: Sendable {
    /// Cosines, [L, D / 2].
    public let cos: Tensor
    /// Sines, [L, D / 2].
    public let sin: Tensor

    /// - Parameters:
    ///   - positions: of each token, a number an axis.
    ///   - axes: how many of a head's elements each axis has, all even.
    ///   - theta: the base of the wavelengths.
    ///   - device: where the tables are made.
    public init(_ positions: [[Int]], axes: [Int], theta: Double, on device: Device) {
        precondition(
            axes.allSatisfy { $0.isMultiple(of: 2) } && positions.allSatisfy { $0.count == axes.count },
            "RotaryPositions: positions do not fit the axes \(axes)")
        let half = axes.reduce(0, +) / 2
        let frequencies = axes.map { width in
            (0..<width / 2).map { pow(theta, -Double(2 * $0) / Double(width)) }
        }
        var cosines = [Float](repeating: 0, count: positions.count * half)
        var sines = cosines
        var known: [Int: [(cos: Float, sin: Float)]] = [:]
        for (row, position) in positions.enumerated() {
            var column = row * half
            for (axis, coordinate) in position.enumerated() {
                let key = axis << 48 | (coordinate & 0xFFFF_FFFF_FFFF)
                let turns =
                    known[key]
                    ?? frequencies[axis].map { turn(Double(coordinate) * $0) }
                known[key] = turns
                for turn in turns {
                    (cosines[column], sines[column]) = (turn.cos, turn.sin)
                    column += 1
                }
            }
        }
        cos = Tensor(cosines, [positions.count, half], on: device)
        sin = Tensor(sines, [positions.count, half], on: device)
    }

    /// The positions of some of the tokens.
    public subscript(_ tokens: Range<Int>) -> RotaryPositions {
        RotaryPositions(cos: cos[tokens], sin: sin[tokens])
    }

    private init(cos: Tensor, sin: Tensor) { (self.cos, self.sin) = (cos, sin) }

    /// Turns pairs of a head's elements, after a norm of the head if there is one: [B, L, H, D] to the same.
    public func callAsFunction(
        _ x: Tensor, layout: RopeLayout = .interleaved, normedBy norm: RMSNorm? = nil
    ) -> Tensor {
        rope(x, cos: cos, sin: sin, layout: layout, norm: norm.map { ($0.weight, $0.eps) })
    }
}

/// The cosine and the sine of an angle, rounded from double precision.
private func turn(_ angle: Double) -> (cos: Float, sin: Float) { (Float(cos(angle)), Float(sin(angle))) }
