import DioramaTensor

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// [B, C, H, W] in 0...1 to [B, C, height, width] in 0...1, through 8-bit pixels, with Pillow's Lanczos filter.
///
/// ComfyUI truncates to 8 bits and hands the picture to Pillow, whose two passes (columns, then rows) each round to 8 bits.
/// Two and four channels are light or colors with alpha: Pillow filters them multiplied by alpha, so that what is
/// see-through does not shine into what is not.
func lanczos8Bit(_ x: Tensor, height: Int, width: Int) -> Tensor {
    let channels = x.shape[1]
    let (oldHeight, oldWidth) = (x.shape[2], x.shape[3])
    let columns = oldWidth == width ? nil : FixedPointFilter(from: oldWidth, to: width)
    let rows = oldHeight == height ? nil : FixedPointFilter(from: oldHeight, to: height)
    let hasAlpha = (channels == 2 || channels == 4) && (columns != nil || rows != nil)

    func filtered(_ plane: [UInt8]) -> [UInt8] {
        var pixels = plane
        if let columns { pixels = columns.apply(pixels, lines: oldHeight, of: oldWidth) }
        if let rows {
            // Rows are filtered as the columns of the transposed plane.
            let high = rows.apply(
                transposed(pixels, rows: oldHeight, columns: width), lines: width, of: oldHeight)
            pixels = transposed(high, rows: width, columns: height)
        }
        return pixels
    }

    return Tensor([x.shape[0], channels, height, width], on: x.device) { output in
        x.withFloats { input in
            for picture in 0..<x.shape[0] {
                var planes = (0..<channels).map { channel in
                    let start = (picture * channels + channel) * oldHeight * oldWidth
                    return (0..<oldHeight * oldWidth).map { UInt8(min(max(input[start + $0] * 255, 0), 255)) }
                }
                if hasAlpha { multiplyByAlpha(&planes) }
                planes = planes.map(filtered)
                if hasAlpha { divideByAlpha(&planes) }
                for (channel, plane) in planes.enumerated() {
                    let start = (picture * channels + channel) * height * width
                    for (index, pixel) in plane.enumerated() { output[start + index] = Float(pixel) / 255 }
                }
            }
        }
    }
}

/// Multiplies all planes by the last, with Pillow's rounding.
private func multiplyByAlpha(_ planes: inout [[UInt8]]) {
    guard let alpha = planes.last else { return }
    for channel in planes.indices.dropLast() {
        for (index, opacity) in alpha.enumerated() {
            let product = Int(planes[channel][index]) * Int(opacity) + 128
            planes[channel][index] = UInt8(((product >> 8) + product) >> 8)
        }
    }
}

/// Divides all planes by the last, rounded down; what is wholly see-through or opaque stays.
private func divideByAlpha(_ planes: inout [[UInt8]]) {
    guard let alpha = planes.last else { return }
    for channel in planes.indices.dropLast() {
        for (index, opacity) in alpha.enumerated() where opacity != 0 && opacity != 255 {
            planes[channel][index] = UInt8(min(255 * Int(planes[channel][index]) / Int(opacity), 255))
        }
    }
}

private func transposed(_ pixels: [UInt8], rows: Int, columns: Int) -> [UInt8] {
    var result = pixels
    for row in 0..<rows {
        for column in 0..<columns { result[column * rows + row] = pixels[row * columns + column] }
    }
    return result
}

/// Lanczos weights of one axis, in fixed point with 22 fractional bits.
private struct FixedPointFilter {
    private let taps: [(first: Int, weights: [Int32])]

    private static let bits: Int32 = 22
    private static let lobes = 3.0

    init(from oldCount: Int, to newCount: Int) {
        let scale = Double(oldCount) / Double(newCount)
        let stretch = max(scale, 1)
        let support = Self.lobes * stretch
        taps = (0..<newCount).map { position in
            let center = (Double(position) + 0.5) * scale
            let first = max(Int(center - support + 0.5), 0)
            let end = min(Int(center + support + 0.5), oldCount)
            let weights = (first..<end).map { Self.kernel((Double($0) - center + 0.5) / stretch) }
            let sum = weights.reduce(0, +)
            return (
                first: first,
                weights: weights.map {
                    Int32(($0 / sum * Double(1 << Self.bits)).rounded(.toNearestOrAwayFromZero))
                }
            )
        }
    }

    /// Filters `count` lines of `line` pixels.
    func apply(_ pixels: [UInt8], lines count: Int, of line: Int) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(count * taps.count)
        for row in 0..<count {
            for tap in taps {
                var sum: Int32 = 1 << (Self.bits - 1)
                for (offset, weight) in tap.weights.enumerated() {
                    sum &+= Int32(pixels[row * line + tap.first + offset]) &* weight
                }
                result.append(UInt8(clamping: sum >> Self.bits))
            }
        }
        return result
    }

    /// sinc(x) sinc(x / 3) within 3 lobes.
    private static func kernel(_ x: Double) -> Double {
        guard -lobes <= x, x < lobes else { return 0 }
        return sinc(x) * sinc(x / lobes)
    }

    private static func sinc(_ x: Double) -> Double {
        x == 0 ? 1 : sin(.pi * x) / (.pi * x)
    }
}
