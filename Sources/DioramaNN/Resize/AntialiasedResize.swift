public import DioramaTensor

/// A window of pictures [B, C, H, W] at another size, by cubic convolution (a = -0.5) that widens where pixels become fewer.
///
/// Positions, weights and the order of sums (columns, then rows) are those of PyTorch's `interpolate` in the mode `bicubic` with `antialias`
/// in single precision; what is outside of the window is not computed.
///
/// - Parameters:
///   - x: pictures, [B, C, H, W].
///   - height: that of the whole picture at its new size.
///   - width: its width.
///   - rows: the window's rows, within `height`.
///   - columns: the window's columns, within `width`.
/// - Returns: [B, C, rows, columns].
public func antialiasedBicubic(
    _ x: Tensor, height: Int, width: Int, rows: Range<Int>, columns: Range<Int>
) -> Tensor {
    precondition(x.rank == 4 && x.count > 0, "antialiasedBicubic: expected [B, C, H, W], found \(x.shape)")
    precondition(
        !rows.isEmpty && !columns.isEmpty && rows.lowerBound >= 0 && rows.upperBound <= height
            && columns.lowerBound >= 0 && columns.upperBound <= width,
        "antialiasedBicubic: the window \(rows) by \(columns) is not one of \(height) by \(width)")
    return resampled(
        x, rows: Resampling(antialiasedBicubicFrom: x.shape[2], to: height, in: rows),
        columns: Resampling(antialiasedBicubicFrom: x.shape[3], to: width, in: columns))
}

extension Resampling {
    /// The table of a cubic convolution over as many old positions as a new one stands for, at least four.
    fileprivate init(antialiasedBicubicFrom oldCount: Int, to newCount: Int, in window: Range<Int>) {
        let scale = Float(oldCount) / Float(newCount)
        let stretch = max(scale, 1)
        let inverse = 1 / stretch
        let reach = 2 * stretch
        taps = window.map { position in
            let center = scale * (Float(position) + 0.5)
            let first = max(Int(Double(center - reach) + 0.5), 0)
            let end = min(Int(Double(center + reach) + 0.5), oldCount)
            let weights = (first..<end).map { Self.keysCubic((Float($0) - center + 0.5) * inverse) }
            let sum = weights.reduce(0, +)
            return Tap(indices: Array(first..<end), weights: weights.map { sum == 0 ? $0 : $0 / sum })
        }
    }

    /// Keys' kernel: the cubic convolution with a = -0.5.
    private static func keysCubic(_ x: Float) -> Float {
        let (x, a) = (abs(x), Float(-0.5))
        if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
    }
}
