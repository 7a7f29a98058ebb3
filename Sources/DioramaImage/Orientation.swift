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

    /// The walk over a stored picture that meets the upright one in order.
    ///
    /// The upright pixel (x, y) is the stored pixel `first + x * column + y * row`, counted through the rows.
    func walk(width: Int, height: Int) -> (first: Int, column: Int, row: Int) {
        let right = width - 1
        let bottom = (height - 1) * width
        return switch self {
        case .up: (0, 1, width)
        case .upMirrored: (right, -1, width)
        case .down: (bottom + right, -1, -width)
        case .downMirrored: (bottom, 1, -width)
        case .leftMirrored: (0, width, 1)
        case .right: (bottom, -width, 1)
        case .rightMirrored: (bottom + right, -width, -1)
        case .left: (right, width, -1)
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
        let walk = orientation.walk(width: width, height: height)
        var result: [Sample] = []
        result.reserveCapacity(values.count)
        for y in 0..<(orientation.swapsSides ? width : height) {
            for x in 0..<(orientation.swapsSides ? height : width) {
                let start = (walk.first + x * walk.column + y * walk.row) * count
                for channel in 0..<count { result.append(values[start + channel]) }
            }
        }
        return result
    }
}
