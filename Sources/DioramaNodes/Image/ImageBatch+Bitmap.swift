import DioramaImage
import DioramaTensor

extension ImageBatch {
    /// One picture from a decoded file, in red, green and blue; alpha is left out, as ComfyUI does.
    init(_ bitmap: Bitmap, on device: Device) {
        let rgb = bitmap.converted(to: .rgb)
        self.init(
            pixels: Tensor(rgb.normalized(), [1, rgb.height, rgb.width, rgb.channels.count], on: device))
    }

    /// The picture at an index as eight-bit pixels.
    ///
    /// Values are clamped to 0...1 and then cut to eight bits, not rounded: ComfyUI's
    /// `np.clip(255 * x, 0, 255).astype(np.uint8)`. Not-a-number becomes 0.
    ///
    /// - Throws: `UnwritablePicture` for a channel count that no file has, `ImageError` for such a size.
    func bitmap(_ index: Int) throws -> Bitmap {
        guard let channels = Bitmap.Channels(rawValue: channels) else {
            throw UnwritablePicture(channels: channels)
        }
        let bytes = pixels[index].withFloats { values in
            values.map { value in value > 0 ? UInt8(min(255 * value, 255)) : 0 }
        }
        return try Bitmap(width: width, height: height, channels: channels, pixels: bytes)
    }

    /// The picture at an index as 16-bit pixels: clamped to 0...1 and cut, as `bitmap` does with eight.
    ///
    /// - Throws: `UnwritablePicture` for a channel count that no file has, `ImageError` for such a size.
    func deepBitmap(_ index: Int) throws -> Bitmap {
        guard let channels = Bitmap.Channels(rawValue: channels) else {
            throw UnwritablePicture(channels: channels)
        }
        let words = pixels[index].withFloats { values in
            values.map { value in value > 0 ? UInt16(min(65535 * value, 65535)) : 0 }
        }
        return try Bitmap(width: width, height: height, channels: channels, samples: .sixteen(words))
    }
}

extension Mask {
    /// How much of each pixel of a decoded file is see-through, 1 - alpha; 64x64 zeros for a file without alpha, as in
    /// ComfyUI's `LoadImage`.
    init(transparencyOf bitmap: Bitmap, on device: Device) {
        guard bitmap.channels.hasAlpha else {
            self.init(coverage: .zeros([1, 64, 64], on: device))
            return
        }
        let count = bitmap.channels.count
        let values = bitmap.normalized()
        let coverage = stride(from: count - 1, to: values.count, by: count).map { 1 - values[$0] }
        self.init(coverage: Tensor(coverage, [1, bitmap.height, bitmap.width], on: device))
    }
}

/// A picture that no image file can hold.
struct UnwritablePicture: Error, CustomStringConvertible {
    /// What its pixels have.
    let channels: Int

    var description: String { "a picture with \(channels) channels cannot be written; 1 to 4 can" }
}
