public import DioramaTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A bell curve in 2 · radius + 1 steps that add up to 1.
///
/// - Parameters:
///   - radius: steps on each side of the middle, 1 or more.
///   - deviation: in steps, above 0.
/// - Returns: the weights of the steps.
public func gaussianWindow(radius: Int, deviation: Double) -> [Float] {
    precondition(radius > 0 && deviation > 0, "gaussianWindow: radius \(radius), deviation \(deviation)")
    let values = (-radius...radius).map { step in
        exp(-Double(step * step) / (2 * deviation * deviation))
    }
    let sum = values.reduce(0, +)
    return values.map { Float($0 / sum) }
}

/// Pictures filtered along both axes by one window; beyond an edge the picture is mirrored in the edge's pixels.
///
/// - Parameters:
///   - x: [B, H, W, C], H and W larger than the window's half.
///   - window: an odd number of weights.
/// - Returns: [B, H, W, C].
public func blurred(_ x: Tensor, by window: [Float]) -> Tensor {
    let radius = window.count / 2
    precondition(
        x.rank == 4 && !window.count.isMultiple(of: 2) && x.shape[1] > radius && x.shape[2] > radius,
        "blurred: \(x.shape) by a window of \(window.count)")
    let (height, width, channels) = (x.shape[1], x.shape[2], x.shape[3])
    let row = width * channels
    return Tensor(x.shape, on: x.device) { output in
        x.withFloats { input in
            // One row, filtered downwards, with its mirrored margins.
            var line = [Float](repeating: 0, count: row + 2 * radius * channels)
            for start in stride(from: 0, to: input.count, by: row) {
                let y = start / row % height
                line.withUnsafeMutableBufferPointer { line in
                    let middle = UnsafeMutableBufferPointer(
                        rebasing: line[radius * channels..<radius * channels + row])
                    middle.update(repeating: 0)
                    for (step, weight) in window.enumerated() {
                        let source = start + (mirrored(y + step - radius, height) - y) * row
                        accumulate(middle, input, from: source, weight)
                    }
                    for margin in stride(from: 1, through: radius, by: 1) {
                        for channel in 0..<channels {
                            line[(radius - margin) * channels + channel] = middle[margin * channels + channel]
                            line[(radius + width - 1 + margin) * channels + channel] =
                                middle[(width - 1 - margin) * channels + channel]
                        }
                    }
                    let target = UnsafeMutableBufferPointer(rebasing: output[start..<start + row])
                    target.initialize(repeating: 0)
                    for (step, weight) in window.enumerated() {
                        accumulate(target, UnsafeBufferPointer(line), from: step * channels, weight)
                    }
                }
            }
        }
    }
}

/// Adds as many values, times a weight.
private func accumulate(
    _ sum: UnsafeMutableBufferPointer<Float>, _ values: UnsafeBufferPointer<Float>, from start: Int,
    _ weight: Float
) {
    for index in 0..<sum.count { sum[index] += weight * values[start + index] }
}

/// A position beyond 0..<count, mirrored in the first or the last.
private func mirrored(_ position: Int, _ count: Int) -> Int {
    position < 0 ? -position : position < count ? position : 2 * (count - 1) - position
}
