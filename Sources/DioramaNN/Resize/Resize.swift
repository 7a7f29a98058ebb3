public import DioramaTensor

/// How the values between pixels are found, by ComfyUI's names.
public enum ResizeMethod: String, Sendable, CaseIterable {
    /// The pixel whose area holds the upper left corner of the new one.
    case nearest
    /// The pixel whose area holds the point.
    case nearestExact = "nearest-exact"
    /// Weighted mean of the 2 x 2 nearest, without antialiasing.
    case bilinear
    /// Mean of all pixels the area touches.
    case area
    /// Cubic convolution over 4 x 4 (a = -0.75), without antialiasing.
    case bicubic
    /// Bilinear on the sphere: directions of the channel vectors turn, lengths are mixed. For latents.
    case bislerp
    /// Pillow's windowed sinc over 8-bit pixels: values are taken in 0...1 and quantised on the way. The second of two
    /// and the fourth of four channels is alpha, which weighs the others.
    case lanczos
}

/// What is kept of a picture whose new shape has another aspect.
public enum ResizeCrop: String, Sendable, CaseIterable {
    /// All of it, stretched.
    case disabled
    /// The middle that has the new aspect.
    case center
}

/// Pictures or latents [B, C, H, W] at another size, [B, C, height, width], as ComfyUI's `common_upscale`.
public func resized(
    _ x: Tensor, height: Int, width: Int, by method: ResizeMethod, crop: ResizeCrop = .disabled
) -> Tensor {
    precondition(x.rank == 4 && x.count > 0, "resized: expected [B, C, H, W], found \(x.shape)")
    precondition(height > 0 && width > 0, "resized: the size \(height) by \(width) is empty")
    let source = crop == .center ? croppedToAspect(x, height: height, width: width) : x
    switch method {
    case .bislerp: return bislerp(source, height: height, width: width)
    case .lanczos: return lanczos8Bit(source, height: height, width: width)
    case .nearest, .nearestExact, .bilinear, .area, .bicubic:
        let rows = Resampling(method, from: source.shape[2], to: height)
        let columns = Resampling(method, from: source.shape[3], to: width)
        return resampled(source, rows: rows, columns: columns)
    }
}

/// The middle of a picture that has the aspect of a new size; margins are rounded to even, as in Python.
private func croppedToAspect(_ x: Tensor, height: Int, width: Int) -> Tensor {
    let (oldHeight, oldWidth) = (x.shape[2], x.shape[3])
    let oldAspect = Double(oldWidth) / Double(oldHeight)
    let newAspect = Double(width) / Double(height)
    func margin(_ length: Int, _ share: Double) -> Int {
        let margin = ((Double(length) - Double(length) * share) / 2).rounded(.toNearestOrEven)
        return min(Int(margin), (length - 1) / 2)
    }
    if oldAspect > newAspect {
        let left = margin(oldWidth, newAspect / oldAspect)
        return x.narrowed(axis: 3, left..<oldWidth - left)
    }
    let top = margin(oldHeight, oldAspect / newAspect)
    return x.narrowed(axis: 2, top..<oldHeight - top)
}

/// Applies one table to the columns and one to the rows of each plane.
func resampled(_ x: Tensor, rows: Resampling, columns: Resampling) -> Tensor {
    let planes = x.shape[0] * x.shape[1]
    let (oldHeight, oldWidth) = (x.shape[2], x.shape[3])
    let (height, width) = (rows.taps.count, columns.taps.count)
    return Tensor([x.shape[0], x.shape[1], height, width], on: x.device) { output in
        x.withFloats { input in
            var narrow = [Float](repeating: 0, count: oldHeight * width)
            for plane in 0..<planes {
                for row in 0..<oldHeight {
                    let line = (plane * oldHeight + row) * oldWidth
                    for (column, tap) in columns.taps.enumerated() {
                        narrow[row * width + column] = tap.sum { input[line + $0] }
                    }
                }
                for (row, tap) in rows.taps.enumerated() {
                    let line = (plane * height + row) * width
                    for column in 0..<width {
                        output[line + column] = tap.sum { narrow[$0 * width + column] }
                    }
                }
            }
        }
    }
}
