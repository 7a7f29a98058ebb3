public import DioramaTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The edges of gray pictures by Canny's method, as kornia's `canny` finds them: 1 on an edge, 0 elsewhere.
///
/// The picture is blurred (five pixels wide, deviation 1). The length of Sobel's gradient, not normalised, is kept only
/// on its ridge: where it is the greatest of the three pixels along the gradient's direction, taken to 45 degrees.
/// Ridges longer than `high` are edges, those longer than `low` only where they touch an edge.
///
/// - Parameters:
///   - gray: [B, H, W, 1], H and W 3 or more.
///   - low: the least length of what may continue an edge.
///   - high: the least length of what is an edge.
/// - Returns: [B, H, W] of zeros and ones.
public func cannyEdges(_ gray: Tensor, low: Float, high: Float) -> Tensor {
    precondition(gray.rank == 4 && gray.shape[3] == 1, "cannyEdges: \(gray.shape) is not [B, H, W, 1]")
    let smooth = blurred(gray, by: gaussianWindow(radius: 2, deviation: 1))
    let (height, width) = (gray.shape[1], gray.shape[2])
    return Tensor([gray.shape[0], height, width], on: gray.device) { output in
        output.initialize(repeating: 0)
        smooth.withFloats { values in
            for start in stride(from: 0, to: values.count, by: height * width) {
                let plane = UnsafeBufferPointer(rebasing: values[start..<start + height * width])
                let gradients = Gradients(plane, height: height, width: width)
                let edges = UnsafeMutableBufferPointer(rebasing: output[start..<start + height * width])
                traceEdges(gradients.ridges(), into: edges, width: width, low: low, high: high)
            }
        }
    }
}

/// The gradient of a gray plane.
private struct Gradients {
    private let height: Int
    private let width: Int
    /// Their lengths, with a frame of one pixel around the plane.
    private var lengths: [Float]
    /// Their directions in eighths of a turn from the right, downwards.
    private var directions: [Int8]

    /// Added under the root.
    private static let epsilon: Float = 1e-6
    /// From an eighth of a turn to the neighbour there.
    private static let neighbours = [(0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1)]

    init(_ plane: UnsafeBufferPointer<Float>, height: Int, width: Int) {
        self.height = height
        self.width = width
        lengths = [Float](
            repeating: Self.epsilon.squareRoot(), count: (height + 2) * (width + 2))
        directions = [Int8](repeating: 0, count: height * width)
        for row in 0..<height {
            // Beyond an edge the plane goes on as it ends.
            let (above, here, below) = (
                max(row - 1, 0) * width, row * width, min(row + 1, height - 1) * width
            )
            for column in 0..<width {
                let (left, right) = (max(column - 1, 0), min(column + 1, width - 1))
                let x =
                    (plane[above + right] - plane[above + left]) + 2
                    * (plane[here + right] - plane[here + left])
                    + (plane[below + right] - plane[below + left])
                let y =
                    (plane[below + left] - plane[above + left]) + 2
                    * (plane[below + column] - plane[above + column])
                    + (plane[below + right] - plane[above + right])
                lengths[(row + 1) * (width + 2) + column + 1] = (x * x + y * y + Self.epsilon).squareRoot()
                // Not-a-number has no direction; any will do.
                let eighths = (atan2f(y, x) * (4 / Float.pi)).rounded(.toNearestOrEven)
                directions[here + column] = eighths.isNaN ? 0 : Int8(eighths) & 7
            }
        }
    }

    /// The lengths on ridges, zero elsewhere, [H, W].
    func ridges() -> [Float] {
        let stride = width + 2
        let steps = Self.neighbours.map { $0.0 * stride + $0.1 }
        var ridges = [Float](repeating: 0, count: height * width)
        for row in 0..<height {
            for column in 0..<width {
                let place = (row + 1) * stride + column + 1
                let direction = Int(directions[row * width + column])
                let isRidge = [direction, (direction + 4) & 7].allSatisfy { way in
                    let there = lengths[place + steps[way]]
                    // Of two equal pixels side by side, the left or upper one is kept.
                    return lengths[place] > there || (way == 0 || way == 2) && lengths[place] == there
                }
                if isRidge { ridges[row * width + column] = lengths[place] }
            }
        }
        return ridges
    }
}

/// Marks ridges longer than `high`, and those longer than `low` that touch a marked one.
private func traceEdges(
    _ ridges: [Float], into edges: UnsafeMutableBufferPointer<Float>, width: Int, low: Float, high: Float
) {
    var open = ridges.indices.filter { ridges[$0] > high }
    for place in open { edges[place] = 1 }
    while let place = open.popLast() {
        let (row, column) = (place / width, place % width)
        for y in max(row - 1, 0)...min(row + 1, ridges.count / width - 1) {
            for x in max(column - 1, 0)...min(column + 1, width - 1) {
                let next = y * width + x
                guard edges[next] == 0, ridges[next] > low else { continue }
                edges[next] = 1
                open.append(next)
            }
        }
    }
}
