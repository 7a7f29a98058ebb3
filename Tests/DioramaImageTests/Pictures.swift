import DioramaImage

extension Bitmap {
    /// The samples as numbers, whatever their width.
    var numbers: [Int] {
        switch samples {
        case .eight(let values): values.map(Int.init)
        case .sixteen(let values): values.map(Int.init)
        }
    }

    /// The largest difference to other samples, or nil where the counts differ.
    func largestDifference(to other: [Int]) -> Int? {
        let mine = numbers
        return mine.count == other.count ? zip(mine, other).map { abs($0 - $1) }.max() : nil
    }

    /// A picture of smooth colors, for tests that need one of any size.
    static func gradient(_ width: Int, _ height: Int, _ channels: Channels = .rgb) throws -> Bitmap {
        let pixels = (0..<height).flatMap { y in
            (0..<width).flatMap { x in
                (0..<channels.count).map { UInt8(truncatingIfNeeded: x * (3 + $0) + y * (5 - $0)) }
            }
        }
        return try Bitmap(width: width, height: height, channels: channels, pixels: pixels)
    }
}

/// Which error decoding a file ends in, nil when there is none.
func code(_ bytes: [UInt8], limits: ImageLimits = .init()) -> ImageError.Code? {
    do throws(ImageError) {
        _ = try ImageFile.decode(bytes, limits: limits)
        return nil
    } catch {
        return error.code
    }
}
