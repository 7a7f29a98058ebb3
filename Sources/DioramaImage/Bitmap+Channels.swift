extension Bitmap {
    /// The same picture with other channels.
    ///
    /// Alpha that is not asked for is dropped (not blended), alpha that is missing is opaque, gray becomes equal
    /// red, green and blue, and colors become gray by the luma of ITU-R BT.601, as in Pillow's `convert`.
    public func converted(to channels: Channels) -> Bitmap {
        if channels == self.channels { return self }
        let samples: Samples =
            switch self.samples {
            case .eight(let values): .eight(Self.convert(values, from: self.channels, to: channels))
            case .sixteen(let values): .sixteen(Self.convert(values, from: self.channels, to: channels))
            }
        return Bitmap(unchecked: samples, width: width, height: height, channels: channels)
    }

    private static func convert<Sample: FixedWidthInteger & UnsignedInteger>(
        _ values: [Sample], from source: Channels, to target: Channels
    ) -> [Sample] {
        let sourceIsColor = source.count >= 3
        let targetIsColor = target.count >= 3
        var result: [Sample] = []
        result.reserveCapacity(values.count / source.count * target.count)
        for start in stride(from: 0, to: values.count, by: source.count) {
            let first = values[start]
            if targetIsColor {
                result.append(first)
                result.append(sourceIsColor ? values[start + 1] : first)
                result.append(sourceIsColor ? values[start + 2] : first)
            } else {
                result.append(sourceIsColor ? luma(first, values[start + 1], values[start + 2]) : first)
            }
            if target.hasAlpha {
                result.append(source.hasAlpha ? values[start + source.count - 1] : .max)
            }
        }
        return result
    }

    /// 0.299 R + 0.587 G + 0.114 B in 16-bit fixed point, rounded; the weights add to 65,536.
    private static func luma<Sample: FixedWidthInteger & UnsignedInteger>(
        _ red: Sample, _ green: Sample, _ blue: Sample
    ) -> Sample {
        let sum = UInt64(red) * 19_595 + UInt64(green) * 38_470 + UInt64(blue) * 7_471
        return Sample(truncatingIfNeeded: (sum + 0x8000) >> 16)
    }
}
