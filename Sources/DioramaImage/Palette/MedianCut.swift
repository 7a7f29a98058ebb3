extension Palette {
    /// Finds colors for a picture by Heckbert's median cut (1982): the box of colors that holds the most pixels is cut
    /// where half of them are on each side, until there are enough boxes; each gives the mean of its pixels.
    ///
    /// The colors and their order are those of Pillow's `Image.quantize(method=MEDIANCUT)`.
    ///
    /// - Parameters:
    ///   - pixels: red, green and blue of each pixel, one pixel at least.
    ///   - count: the most colors, 1 to 256.
    public init(medianCutOf pixels: [UInt8], count: Int) {
        var cut = MedianCut(ColorCounts(pixels).entries)
        cut.cut(into: min(max(1, count), 256))
        self.init(colors: cut.colors)
    }
}

/// The colors of a picture, and how many pixels each has.
private struct ColorCounts {
    /// One color, or several near ones that count as one.
    struct Entry {
        /// Without the bits that are left out.
        let color: Palette.Color
        var count = 0
        /// The sums of the channels of its pixels.
        var sums = SIMD3<Int>()
    }

    private(set) var entries: [Entry] = []
    private static let most = 65536

    init(_ pixels: [UInt8]) {
        var shift = 0
        repeat {
            entries = Self.entries(of: pixels, shift)
            shift += 1
        } while entries.count > Self.most
    }

    /// The colors without their lowest `shift` bits.
    private static func entries(of pixels: [UInt8], _ shift: Int) -> [Entry] {
        var places: [UInt32: Int] = [:]
        var entries: [Entry] = []
        for start in stride(from: 0, to: pixels.count - 2, by: 3) {
            let pixel = SIMD3(pixels[start], pixels[start + 1], pixels[start + 2])
            let color = pixel &>> UInt8(shift)
            let key = UInt32(color.x) << 16 | UInt32(color.y) << 8 | UInt32(color.z)
            let place = places[key, default: entries.count]
            if place == entries.count {
                // One more says enough: this many are too many.
                if entries.count > most { return entries }
                places[key] = place
                entries.append(Entry(color: color))
            }
            entries[place].count += 1
            entries[place].sums &+= SIMD3<Int>(truncatingIfNeeded: pixel)
        }
        return entries
    }
}

/// Boxes of colors, being cut.
private struct MedianCut {
    private struct Box {
        let entries: [ColorCounts.Entry]
        let count: Int
        /// The boxes that it was cut into.
        var parts: (Int, Int)?

        init(_ entries: [ColorCounts.Entry]) {
            self.entries = entries
            count = entries.reduce(0) { $0 + $1.count }
        }

        /// The channel in which the colors differ most, as the eye sees them; nil when they are all one.
        var widest: Int? {
            let widths = (0..<3).map { channel in
                let values = entries.map { $0.color[channel] }
                return Int(values.max() ?? 0) - Int(values.min() ?? 0)
            }
            guard widths.contains(where: { $0 > 0 }) else { return nil }
            let seen = zip(widths, [77, 150, 29]).map(*)
            return seen.firstIndex(of: seen.max() ?? 0)
        }

        /// Cuts where the brighter part of a channel holds more than half of the pixels.
        func halves(along channel: Int) -> (brighter: Box, darker: Box) {
            var counts = [Int](repeating: 0, count: 256)
            for entry in entries { counts[Int(entry.color[channel])] += entry.count }
            var (least, above) = (255, counts[255])
            while above * 2 <= count, least > 0 {
                least -= 1
                above += counts[least]
            }
            // The darkest value alone may hold the half: then it is cut off.
            if above == count { least = (counts.firstIndex { $0 > 0 } ?? 0) + 1 }
            return (
                Box(entries.filter { Int($0.color[channel]) >= least }),
                Box(entries.filter { Int($0.color[channel]) < least })
            )
        }
    }

    private var boxes: [Box]

    init(_ entries: [ColorCounts.Entry]) { boxes = [Box(entries)] }

    mutating func cut(into count: Int) {
        var heap = BoxHeap()
        heap.insert(0, size: boxes[0].count)
        for _ in 1..<max(1, count) {
            var found: (box: Int, channel: Int)?
            while found == nil, let box = heap.popLargest() {
                found = boxes[box].widest.map { (box, $0) }
            }
            guard let (box, channel) = found else { return }
            let (brighter, darker) = boxes[box].halves(along: channel)
            boxes[box].parts = (boxes.count, boxes.count + 1)
            for part in [brighter, darker] {
                heap.insert(boxes.count, size: part.count)
                boxes.append(part)
            }
        }
    }

    /// The mean color of each box that was not cut, brighter parts first.
    var colors: [Palette.Color] {
        var colors: [Palette.Color] = []
        var open = [0]
        while let index = open.popLast() {
            let box = boxes[index]
            if let (brighter, darker) = box.parts {
                open += [darker, brighter]
                continue
            }
            let sums = SIMD3<Double>(box.entries.reduce(SIMD3<Int>()) { $0 &+ $1.sums })
            colors.append(Palette.Color(sums / Double(max(1, box.count)) + 0.5))
        }
        return colors
    }
}

/// The largest first; of equal ones the one that a binary heap with Pillow's comparisons gives, on which the colors
/// depend.
private struct BoxHeap {
    private var items: [(box: Int, size: Int)] = []

    mutating func insert(_ box: Int, size: Int) {
        items.append((box, size))
        var place = items.count - 1
        while place > 0, size > items[(place - 1) / 2].size {
            items.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    mutating func popLargest() -> Int? {
        guard let last = items.popLast() else { return nil }
        guard let largest = items.first else { return last.box }
        var place = 0
        while true {
            var child = 2 * place + 1
            guard child < items.count else { break }
            if child + 1 < items.count, items[child].size < items[child + 1].size { child += 1 }
            if last.size > items[child].size { break }
            items[place] = items[child]
            place = child
        }
        items[place] = last
        return largest.box
    }
}
