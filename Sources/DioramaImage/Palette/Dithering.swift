/// How a picture of few colors pretends to have more.
public enum Dithering: Hashable, Sendable {
    /// Each pixel has the nearest color.
    case none
    /// What a pixel is off is passed on to its neighbors (Floyd and Steinberg 1976).
    case floydSteinberg
    /// A pattern of so many rows and columns is added first (Bayer 1973): 2, 4, 8 or 16.
    case bayer(Int)
}

extension Palette {
    /// Draws a picture with these colors, as Pillow's `Image.quantize(palette:dither:)`.
    ///
    /// - Parameters:
    ///   - pixels: red, green and blue of each pixel.
    ///   - width: pixels a row.
    ///   - dithering: how.
    /// - Returns: as many values as `pixels`.
    public func drawn(_ pixels: [UInt8], width: Int, _ dithering: Dithering) -> [UInt8] {
        switch dithering {
        case .none: nearest(pixels)
        case .floydSteinberg: diffused(pixels, width: width)
        case .bayer(let side): nearest(patterned(pixels, width: width, side: side))
        }
    }

    private func nearest(_ pixels: [UInt8]) -> [UInt8] {
        var brush = PaletteBrush(self)
        var drawn = pixels
        for start in stride(from: 0, to: pixels.count - 2, by: 3) {
            let color = brush.nearest(to: SIMD3(pixels[start], pixels[start + 1], pixels[start + 2]))
            for channel in 0..<3 { drawn[start + channel] = color[channel] }
        }
        return drawn
    }

    /// 7/16 of an error go to the right, 3, 5 and 1 to the left, the middle and the right of the row below.
    private func diffused(_ pixels: [UInt8], width: Int) -> [UInt8] {
        var brush = PaletteBrush(self)
        var drawn = pixels
        // Sixteenths that the row above left, one pixel to the right of where they belong.
        var errors = [SIMD3<Int>](repeating: .zero, count: width + 1)
        for row in stride(from: 0, to: pixels.count - 2, by: width * 3) {
            var (right, middle, last) = (SIMD3<Int>.zero, SIMD3<Int>.zero, SIMD3<Int>.zero)
            for column in 0..<width {
                let start = row + column * 3
                let pixel = SIMD3(Int(pixels[start]), Int(pixels[start + 1]), Int(pixels[start + 2]))
                let wanted = (pixel &+ (right &+ errors[column + 1]) / 16)
                    .clamped(lowerBound: .zero, upperBound: SIMD3(repeating: 255))
                let color = brush.nearest(to: Color(truncatingIfNeeded: wanted))
                for channel in 0..<3 { drawn[start + channel] = color[channel] }
                let error = wanted &- SIMD3<Int>(truncatingIfNeeded: color)
                errors[column] = middle &+ error &* 3
                middle = last &+ error &* 5
                last = error
                right = error &* 7
            }
            // Pillow hands the rightmost pixel blue's errors in place of red's and green's.
            errors[width] = SIMD3(middle.z, last.z, last.z)
        }
        return drawn
    }

    /// Adds the pattern, which is the wider the fewer the colors.
    private func patterned(_ pixels: [UInt8], width: Int, side: Int) -> [UInt8] {
        let spread = Float(512 / Double(colors.count))
        let pattern = Self.bayerPattern(side: side).map { spread * $0 + 0.5 }
        return pixels.indices.map { index in
            let pixel = index / 3
            let cell = (pixel / width % side) * side + pixel % width % side
            return UInt8(min(max(Float(pixels[index]) + pattern[cell], 0), 255))
        }
    }

    /// Rows of a matrix that adds up to about 0: four times the smaller one, shifted by -1.5, 0.5, 1.5 and -0.5.
    static func bayerPattern(side: Int) -> [Float] {
        guard side > 1 else { return [0] }
        let half = side / 2
        let smaller = bayerPattern(side: half)
        let scale = Float(side * side)
        return (0..<(side * side)).map { cell in
            let (row, column) = (cell / side, cell % side)
            let shift: Float = row < half ? (column < half ? -1.5 : 0.5) : (column < half ? 1.5 : -0.5)
            return (scale * smaller[(row % half) * half + column % half] + shift) / scale
        }
    }
}
