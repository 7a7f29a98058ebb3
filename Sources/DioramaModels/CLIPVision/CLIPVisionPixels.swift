import DioramaNN
public import DioramaTensor

extension CLIPVisionModel {
    /// Pictures as the model is shown them: at its size, rounded to 256 values, and normalised, as ComfyUI's `clip_preprocess`.
    ///
    /// - Parameters:
    ///   - images: [B, H, W, C] in 0...1, of which the first three channels count; C is 3 or more.
    ///   - cropsCenter: whether the middle of a picture that is not square is taken; else all of it is stretched.
    /// - Returns: [B, 3, S, S].
    public func pixels(of images: Tensor, croppingCenter cropsCenter: Bool = true) -> Tensor {
        precondition(
            images.rank == 4 && images.count > 0 && images.shape[3] >= 3,
            "pixels: expected [B, H, W, 3], found \(images.shape)")
        let planes = images.narrowed(axis: 3, 0..<3).permuted(0, 3, 1, 2)
        return normalised(sized(planes, cropsCenter))
    }

    /// [B, 3, H, W] to [B, 3, S, S].
    private func sized(_ x: Tensor, _ cropsCenter: Bool) -> Tensor {
        let (height, width, side) = (x.shape[2], x.shape[3], config.pictureSide)
        if height == side && width == side { return x }
        let scale = Double(side) / Double(min(height, width))
        func length(_ old: Int) -> Int {
            cropsCenter ? Int((scale * Double(old)).rounded(.toNearestOrEven)) : side
        }
        func middle(_ length: Int) -> Range<Int> { (length - side) / 2..<(length - side) / 2 + side }
        let (newHeight, newWidth) = (length(height), length(width))
        return antialiasedBicubic(
            x, height: newHeight, width: newWidth, rows: middle(newHeight), columns: middle(newWidth))
    }

    private func normalised(_ x: Tensor) -> Tensor {
        let (means, deviations) = (config.means, config.deviations)
        let count = x.shape[2] * x.shape[3]
        return Tensor(x.shape, on: x.device) { output in
            x.withFloats { input in
                for plane in 0..<x.shape[0] * 3 {
                    let (mean, deviation) = (means[plane % 3], deviations[plane % 3])
                    for index in plane * count..<(plane + 1) * count {
                        let level = min(max(255 * input[index], 0), 255).rounded(.toNearestOrEven)
                        output[index] = (level / 255 - mean) / deviation
                    }
                }
            }
        }
    }
}
