/// How stored rows must be turned to stand upright: EXIF's tag 0x0112, whose values are the raw values.
public enum Orientation: Int, CaseIterable, Hashable, Sendable {
    /// As stored.
    case up = 1
    /// Mirrored left to right.
    case upMirrored = 2
    /// Upside down.
    case down = 3
    /// Mirrored top to bottom.
    case downMirrored = 4
    /// Mirrored along the diagonal from the top left.
    case leftMirrored = 5
    /// To be turned clockwise by a quarter.
    case right = 6
    /// Mirrored along the diagonal from the top right.
    case rightMirrored = 7
    /// To be turned counterclockwise by a quarter.
    case left = 8

    /// Whether turning exchanges width and height.
    public var swapsSides: Bool { rawValue >= 5 }

    /// The stored place of the upright pixel (x, y), for a stored picture of the given size.
    func source(x: Int, y: Int, width: Int, height: Int) -> (x: Int, y: Int) {
        switch self {
        case .up: (x, y)
        case .upMirrored: (width - 1 - x, y)
        case .down: (width - 1 - x, height - 1 - y)
        case .downMirrored: (x, height - 1 - y)
        case .leftMirrored: (y, x)
        case .right: (y, height - 1 - x)
        case .rightMirrored: (width - 1 - y, height - 1 - x)
        case .left: (width - 1 - y, x)
        }
    }
}

extension Bitmap {
    /// The picture turned upright from the given orientation.
    public func upright(from orientation: Orientation) -> Bitmap {
        if orientation == .up { return self }
        let samples: Samples =
            switch self.samples {
            case .eight(let values): .eight(turned(values, by: orientation))
            case .sixteen(let values): .sixteen(turned(values, by: orientation))
            }
        let swaps = orientation.swapsSides
        return Bitmap(
            unchecked: samples, width: swaps ? height : width, height: swaps ? width : height,
            channels: channels)
    }

    private func turned<Sample>(_ values: [Sample], by orientation: Orientation) -> [Sample] {
        let count = channels.count
        var result: [Sample] = []
        result.reserveCapacity(values.count)
        for y in 0..<(orientation.swapsSides ? width : height) {
            for x in 0..<(orientation.swapsSides ? height : width) {
                let place = orientation.source(x: x, y: y, width: width, height: height)
                let start = (place.y * width + place.x) * count
                result.append(contentsOf: values[start..<start + count])
            }
        }
        return result
    }
}
