/// A picture in memory: rows from the top, no padding, samples of a pixel side by side.
///
/// Colors are sRGB as the file has them; nothing is color managed. Alpha is not premultiplied.
public struct Bitmap: Hashable, Sendable {
    /// What the samples of a pixel mean; the raw value is their number.
    public enum Channels: Int, CaseIterable, Hashable, Sendable {
        /// Light.
        case gray = 1
        /// Light, opacity.
        case grayAlpha = 2
        /// Red, green, blue.
        case rgb = 3
        /// Red, green, blue, opacity.
        case rgba = 4

        /// Samples a pixel.
        public var count: Int { rawValue }
        /// Whether the last sample is opacity.
        public var hasAlpha: Bool { self == .grayAlpha || self == .rgba }
    }

    /// The samples, each from 0 to its type's largest value.
    public enum Samples: Hashable, Sendable {
        /// 8 bits a sample.
        case eight([UInt8])
        /// 16 bits a sample, as some PNGs have.
        case sixteen([UInt16])

        /// How many samples there are.
        public var count: Int {
            switch self {
            case .eight(let values): values.count
            case .sixteen(let values): values.count
            }
        }
    }

    /// Pixels a row, at least 1.
    public let width: Int
    /// Rows, at least 1.
    public let height: Int
    /// What the samples of a pixel mean.
    public let channels: Channels
    /// height x width x channels samples.
    public let samples: Samples

    /// Makes a bitmap.
    ///
    /// - Throws: `ImageError` unless both sides are positive and there are width x height x channels samples.
    public init(width: Int, height: Int, channels: Channels, samples: Samples) throws(ImageError) {
        guard width > 0, height > 0 else {
            throw ImageError(
                .invalidArgument, "a bitmap of \(width) x \(height): both sides must be positive")
        }
        let (pixels, tooMany) = width.multipliedReportingOverflow(by: height)
        let (count, tooLong) = pixels.multipliedReportingOverflow(by: channels.count)
        guard !tooMany, !tooLong, count == samples.count else {
            throw ImageError(
                .invalidArgument,
                "a bitmap of \(width) x \(height) with \(channels.count) channels does not have \(samples.count) samples"
            )
        }
        self.width = width
        self.height = height
        self.channels = channels
        self.samples = samples
    }

    /// Makes a bitmap of 8-bit samples.
    ///
    /// - Throws: `ImageError` unless both sides are positive and there are width x height x channels samples.
    public init(width: Int, height: Int, channels: Channels, pixels: [UInt8]) throws(ImageError) {
        try self.init(width: width, height: height, channels: channels, samples: .eight(pixels))
    }

    /// Bits a sample: 8 or 16.
    public var bitDepth: Int {
        switch samples {
        case .eight: 8
        case .sixteen: 16
        }
    }

    /// The samples in 8 bits; 16-bit ones are rounded.
    public var pixels: [UInt8] {
        switch samples {
        case .eight(let values): values
        case .sixteen(let values): values.map { UInt8((UInt32($0) * 255 + 32_767) / 65_535) }
        }
    }

    /// The samples as numbers in 0...1, in full precision.
    public func normalized() -> [Float] {
        switch samples {
        case .eight(let values): values.map { Float($0) / 255 }
        case .sixteen(let values): values.map { Float($0) / 65_535 }
        }
    }

    /// Makes a bitmap of parts that are known to fit.
    init(unchecked samples: Samples, width: Int, height: Int, channels: Channels) {
        self.width = width
        self.height = height
        self.channels = channels
        self.samples = samples
    }
}
