public import DioramaTensor

/// Each element, those below zero times a slope.
///
/// - Parameters:
///   - x: any shape.
///   - slope: usually between 0 and 1.
/// - Returns: the shape of `x`.
public func leakyReLU(_ x: Tensor, slope: Float) -> Tensor {
    x + x.clamped(-.infinity, 0) * (slope - 1)
}

/// Each element, those below zero times the slope of their channel: PyTorch's `PReLU`.
///
/// - Parameters:
///   - x: [B, C, H, W].
///   - slopes: [C].
/// - Returns: the shape of `x`.
public func leakyReLU(_ x: Tensor, slopes: Tensor) -> Tensor {
    precondition(
        x.rank == 4 && slopes.shape == [x.shape[1]], "leakyReLU: x \(x.shape), slopes \(slopes.shape)")
    return x + x.clamped(-.infinity, 0) * (slopes - 1).reshaped(1, slopes.count, 1, 1)
}
