import DioramaFiles
import DioramaGraph
import DioramaImage
import DioramaNN
import DioramaTensor

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Draws the pictures of a batch on pages, small and with labels; a page at a time is in memory.
struct ContactSheet {
    /// A picture's place.
    struct Cell {
        /// Its file; nil draws an empty place.
        let file: URL?
        /// What stands below it.
        let label: String
    }

    /// Pictures side by side.
    struct Row {
        /// What stands above it, over the whole width.
        var title: String?
        /// What stands above each picture.
        var headings: [String] = []
        /// What stands left of it.
        var heading: String?
        var cells: [Cell] = []
    }

    /// The most pictures on a page.
    static let most = 240
    private static let gap = 8

    let file: URL
    let columns: Int
    /// Whether rows have headings, which take room on the left.
    let hasHeadings: Bool
    let device: Device
    private(set) var pages: [URL] = []
    private var rows: [Row] = []
    /// The side of a thumbnail's place, known with the first picture.
    private var side: Int?

    init(_ file: URL, columns: Int, hasHeadings: Bool, on device: Device) {
        self.file = file
        self.columns = columns
        self.hasHeadings = hasHeadings
        self.device = device
    }

    /// Adds a row; a page that is full is written.
    mutating func add(_ row: Row) throws {
        rows.append(row)
        if (rows.count + 1) * columns > Self.most { try writePage() }
    }

    /// Writes what is left.
    mutating func finish() throws { if !rows.isEmpty { try writePage() } }

    private mutating func writePage() throws {
        let line = SheetFont.lineHeight
        let place = try side ?? firstSide()
        side = place
        let left = Self.gap + (hasHeadings ? 18 * SheetFont.advance : 0)
        let step = place + Self.gap
        func height(_ row: Row) -> Int {
            (row.title == nil ? 0 : line) + (row.headings.isEmpty ? 0 : line) + place + line + Self.gap
        }
        var canvas = SheetCanvas(
            width: left + columns * step, height: Self.gap + rows.reduce(0) { $0 + height($1) })
        var y = Self.gap
        for row in rows {
            if let title = row.title {
                canvas.write(title, x: Self.gap, y: y, width: canvas.width - 2 * Self.gap)
                y += line
            }
            for (column, heading) in row.headings.enumerated() {
                canvas.write(heading, x: left + column * step, y: y, width: place)
            }
            if !row.headings.isEmpty { y += line }
            if let heading = row.heading {
                canvas.write(heading, x: Self.gap, y: y + place / 2, width: left - 2 * Self.gap)
            }
            for (column, cell) in row.cells.prefix(columns).enumerated() {
                let x = left + column * step
                if let thumbnail = cell.file.flatMap({ thumbnail(of: $0, side: place) }) {
                    canvas.draw(
                        thumbnail.rgb, width: thumbnail.width, height: thumbnail.height,
                        x: x + (place - thumbnail.width) / 2, y: y + (place - thumbnail.height) / 2)
                } else {
                    canvas.fill(x: x, y: y, width: place, height: place, gray: 224)
                }
                canvas.write(cell.label, x: x, y: y + place + 2, width: place)
            }
            y += place + line + Self.gap
        }
        let page = self.page(pages.count + 1)
        try AtomicFile.write(try canvas.png(), to: page.path(percentEncoded: false), existing: .replace)
        pages.append(page)
        rows = []
    }

    /// `out.png`, `out-2.png`.
    private func page(_ number: Int) -> URL {
        guard number > 1 else { return file }
        let name = file.deletingPathExtension().lastPathComponent
        return file.deletingLastPathComponent().appending(path: "\(name)-\(number).png")
    }

    /// The longer side of the first picture there is, from 96 to 192.
    private func firstSide() throws -> Int {
        for cell in rows.flatMap(\.cells) {
            guard let file = cell.file, let bytes = try? InputFile.read(file.path(percentEncoded: false)),
                let info = try? ImageFile.info(bytes)
            else { continue }
            return min(192, max(96, info.width, info.height))
        }
        return 96
    }

    /// A picture no larger than a square; nil where it cannot be read.
    private func thumbnail(of file: URL, side: Int) -> (rgb: [UInt8], width: Int, height: Int)? {
        guard let bytes = try? InputFile.read(file.path(percentEncoded: false)),
            let picture = try? ImageFile.decode(bytes).converted(to: .rgb)
        else { return nil }
        let scale = min(1, Double(side) / Double(max(picture.width, picture.height)))
        guard scale < 1 else { return (picture.pixels, picture.width, picture.height) }
        let width = max(1, Int(Double(picture.width) * scale))
        let height = max(1, Int(Double(picture.height) * scale))
        let pixels = Tensor(picture.normalized(), [1, picture.height, picture.width, 3], on: device)
        let small = resized(pixels.permuted(0, 3, 1, 2), height: height, width: width, by: .area)
            .permuted(0, 2, 3, 1)
        let rgb = small.withFloats { values in
            values.map { $0 > 0 ? UInt8(min(255, $0 * 255 + 0.5)) : 0 }
        }
        return (rgb, width, height)
    }
}
