import DioramaImage

/// A white picture to draw thumbnails and labels on.
struct SheetCanvas {
    let width, height: Int
    private var pixels: [UInt8]

    init(width: Int, height: Int) {
        self.width = width
        self.height = height
        pixels = [UInt8](repeating: 255, count: width * height * 3)
    }

    /// Fills a rectangle with gray; what lies outside of the canvas is left out.
    mutating func fill(x: Int, y: Int, width: Int, height: Int, gray: UInt8) {
        for row in max(0, y)..<max(0, y, min(self.height, y + height)) {
            for column in max(0, x)..<max(0, x, min(self.width, x + width)) {
                for channel in 0..<3 { pixels[(row * self.width + column) * 3 + channel] = gray }
            }
        }
    }

    /// Puts a picture of red, green and blue at a place; it must fit.
    mutating func draw(_ rgb: [UInt8], width: Int, height: Int, x: Int, y: Int) {
        precondition(x >= 0 && y >= 0 && x + width <= self.width && y + height <= self.height)
        for row in 0..<height {
            let target = ((y + row) * self.width + x) * 3
            pixels.replaceSubrange(
                target..<(target + width * 3), with: rgb[(row * width * 3)..<((row + 1) * width * 3)])
        }
    }

    /// Writes a line of text, cut to a width in pixels.
    mutating func write(_ text: String, x: Int, y: Int, width: Int) {
        let room = max(0, width / SheetFont.advance)
        let shown = text.count > room ? text.prefix(max(0, room - 2)) + ".." : text[...]
        for (place, character) in shown.prefix(room).enumerated() {
            let left = x + place * SheetFont.advance
            for (row, bits) in SheetFont.rows(of: character == "\n" || character == "\t" ? " " : character)
                .enumerated()
            {
                for column in 0..<SheetFont.width where bits & (16 >> UInt8(column)) != 0 {
                    fill(x: left + column, y: y + row, width: 1, height: 1, gray: 32)
                }
            }
        }
    }

    /// The canvas as a PNG file.
    func png() throws(ImageError) -> [UInt8] {
        try PNG.encode(try Bitmap(width: width, height: height, channels: .rgb, pixels: pixels))
    }
}
