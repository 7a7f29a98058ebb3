public import DioramaTensor

/// Channels become squares of pixels, as PyTorch's `pixel_shuffle` has them.
///
/// - Parameters:
///   - x: [B, C · factor², H, W].
///   - factor: side of a square, 1 or more.
/// - Returns: [B, C, H · factor, W · factor].
public func pixelShuffle(_ x: Tensor, by factor: Int) -> Tensor {
    precondition(
        x.rank == 4 && factor > 0 && x.shape[1].isMultiple(of: factor * factor),
        "pixelShuffle: \(x.shape) by \(factor)")
    let (batch, channels, rows, columns) = (
        x.shape[0], x.shape[1] / (factor * factor), x.shape[2], x.shape[3]
    )
    return x.reshaped(batch, channels, factor, factor, rows, columns).permuted(0, 1, 4, 2, 5, 3)
        .reshaped(batch, channels, rows * factor, columns * factor)
}

/// Squares of pixels become channels, as PyTorch's `pixel_unshuffle` has them.
///
/// - Parameters:
///   - x: [B, C, H · factor, W · factor].
///   - factor: side of a square, 1 or more.
/// - Returns: [B, C · factor², H, W].
public func pixelUnshuffle(_ x: Tensor, by factor: Int) -> Tensor {
    precondition(
        x.rank == 4 && factor > 0 && x.shape[2].isMultiple(of: factor) && x.shape[3].isMultiple(of: factor),
        "pixelUnshuffle: \(x.shape) by \(factor)")
    let (batch, channels) = (x.shape[0], x.shape[1])
    let (rows, columns) = (x.shape[2] / factor, x.shape[3] / factor)
    return x.reshaped(batch, channels, rows, factor, columns, factor).permuted(0, 1, 3, 5, 2, 4)
        .reshaped(batch, channels * factor * factor, rows, columns)
}
