/// At most 256 colors that a picture is drawn with.
public struct Palette: Hashable, Sendable {
    /// Red, green and blue, 0 to 255.
    public typealias Color = SIMD3<UInt8>

    /// The colors, 1 to 256.
    public let colors: [Color]

    /// Makes a palette.
    ///
    /// - Parameter colors: 1 to 256.
    init(colors: [Color]) {
        precondition((1...256).contains(colors.count), "a palette of \(colors.count) colors")
        self.colors = colors
    }

    /// The place of the color that is nearest to the given one, the first of several.
    ///
    /// As Pillow has it, four neighboring values of a channel are one: the nearest is that of the least of them.
    fileprivate func nearest(to color: Color) -> Int {
        let corner = SIMD3<Int>(truncatingIfNeeded: color & ~3)
        var (place, least) = (0, Int.max)
        for (index, candidate) in colors.enumerated() {
            let difference = SIMD3<Int>(truncatingIfNeeded: candidate) &- corner
            let distance = (difference &* difference).wrappedSum()
            if distance < least { (place, least) = (index, distance) }
        }
        return place
    }
}

/// Draws pixels with a palette, remembering what was near to what.
struct PaletteBrush {
    private let palette: Palette
    /// By the upper six bits of each channel; -1 where none was looked up.
    private var known = [Int16](repeating: -1, count: 1 << 18)

    init(_ palette: Palette) { self.palette = palette }

    /// The nearest color of the palette.
    mutating func nearest(to color: Palette.Color) -> Palette.Color {
        let bits = SIMD3<Int>(truncatingIfNeeded: color &>> 2)
        let cell = bits.x << 12 | bits.y << 6 | bits.z
        if known[cell] < 0 { known[cell] = Int16(palette.nearest(to: color)) }
        return palette.colors[Int(known[cell])]
    }
}
