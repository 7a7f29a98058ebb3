public import DioramaTensor

/// Which of the values in a neighbourhood is taken.
public enum Extreme: Sendable {
    /// The least: bright areas shrink.
    case least
    /// The greatest: bright areas grow.
    case greatest

    /// What values are multiplied by so that the greatest is looked for; exact.
    fileprivate var sign: Float { self == .greatest ? 1 : -1 }
}

/// The extreme of a window that slides along one axis; what lies beyond the ends does not count.
///
/// Windows double in length, so that the time grows with the logarithm of theirs.
///
/// - Parameters:
///   - extreme: which value is taken.
///   - x: of any shape.
///   - axis: along which the window slides.
///   - before: how many elements before its own the window reaches.
///   - after: how many elements after its own the window reaches.
/// - Returns: the shape of `x`.
public func slidingExtreme(_ extreme: Extreme, of x: Tensor, axis: Int, before: Int, after: Int) -> Tensor {
    precondition(before >= 0 && after >= 0, "slidingExtreme: a window of \(before) before and \(after) after")
    guard x.count > 0 else { return x }
    let extent = x.shape[axis]
    // The elements of one step along the axis.
    let inner = x.shape.dims[(axis < 0 ? axis + x.rank : axis)...].dropFirst().reduce(1, *)
    let (before, after) = (min(before, extent - 1), min(after, extent - 1))
    let window = before + after + 1
    let sign = extreme.sign
    return Tensor(x.shape, on: x.device) { output in
        x.withFloats { input in
            var line = [Float](repeating: 0, count: (extent + window - 1) * inner)
            for start in stride(from: 0, to: input.count, by: extent * inner) {
                line.withUnsafeMutableBufferPointer { line in
                    line.update(repeating: -.infinity)
                    for index in 0..<extent * inner {
                        line[before * inner + index] = sign * input[start + index]
                    }
                    var span = 1
                    while 2 * span <= window {
                        for index in 0..<line.count - span * inner {
                            line[index] = greater(line[index], line[index + span * inner])
                        }
                        span *= 2
                    }
                    let rest = (window - span) * inner
                    for index in 0..<extent * inner {
                        output[start + index] = sign * greater(line[index], line[index + rest])
                    }
                }
            }
        }
    }
}

/// The extreme among all that can be reached in some steps up, down, left or right: a diamond.
///
/// - Parameters:
///   - extreme: which value is taken.
///   - x: [B, H, W].
///   - steps: how far to go, 0 or more.
///   - step: called before each step, to stop the work by throwing.
/// - Returns: [B, H, W].
public func diamondExtreme(
    _ extreme: Extreme, of x: Tensor, steps: Int, beforeEach step: () throws -> Void
) rethrows -> Tensor {
    precondition(x.rank == 3 && steps >= 0, "diamondExtreme: \(x.shape), \(steps) steps")
    guard x.count > 0, steps > 0 else { return x }
    let (height, width) = (x.shape[1], x.shape[2])
    let sign = extreme.sign
    // A frame that never wins spares looking for the edges.
    let stride = width + 2
    return try Tensor(x.shape, on: x.device) { output in
        try x.withFloats { input in
            for plane in 0..<x.shape[0] {
                let start = plane * height * width
                var old = [Float](repeating: -.infinity, count: (height + 2) * stride)
                for row in 0..<height {
                    for column in 0..<width {
                        old[(row + 1) * stride + column + 1] = sign * input[start + row * width + column]
                    }
                }
                var new = old
                // After these, every pixel has been reached by all.
                for _ in 0..<min(steps, height + width - 2) {
                    try step()
                    spreadByCross(from: old, to: &new, height: height, width: width)
                    swap(&old, &new)
                }
                for row in 0..<height {
                    for column in 0..<width {
                        output[start + row * width + column] = sign * old[(row + 1) * stride + column + 1]
                    }
                }
            }
        }
    }
}

/// One step of a plane with a frame of one pixel: each pixel takes the greatest of itself and its four neighbours.
private func spreadByCross(from old: [Float], to new: inout [Float], height: Int, width: Int) {
    let stride = width + 2
    old.withUnsafeBufferPointer { old in
        new.withUnsafeMutableBufferPointer { new in
            for row in 1...height {
                for index in row * stride + 1...row * stride + width {
                    let across = greater(greater(old[index - 1], old[index + 1]), old[index])
                    new[index] = greater(greater(old[index - stride], old[index + stride]), across)
                }
            }
        }
    }
}

/// The greater of two numbers, in one instruction.
private func greater(_ a: Float, _ b: Float) -> Float { a < b ? b : a }
