/// The part of a picture that a prompt is asked about.
public enum ConditioningArea: Hashable, Sendable {
    /// A rectangle of a latent's cells.
    case cells(CellRectangle)
    /// A rectangle in shares of the picture's height and width, each 0...1.
    case shares(height: Double, width: Double, top: Double, left: Double)

    /// The cells of the part, which may reach beyond the latent; at least one, of shares.
    ///
    /// - Parameters:
    ///   - height: of the latent, in cells.
    ///   - width: of the latent, in cells.
    /// - Returns: the rectangle; shares round to the nearest cell, halves to the even one, as in ComfyUI.
    package func rectangle(ofHeight height: Int, width: Int) -> CellRectangle {
        switch self {
        case .cells(let rectangle): return rectangle
        case .shares(let high, let wide, let top, let left):
            func cells(_ share: Double, _ count: Int) -> Int {
                let share = share > 0 ? min(share, 1) : 0
                return Int((share * Double(count)).rounded(.toNearestOrEven))
            }
            return CellRectangle(
                top: cells(top, height), left: cells(left, width), height: max(1, cells(high, height)),
                width: max(1, cells(wide, width)))
        }
    }
}

/// A rectangle of a latent's cells.
public struct CellRectangle: Hashable, Sendable {
    /// Cells above it and to its left.
    public let top, left: Int
    /// Its size in cells.
    public let height, width: Int

    /// A rectangle; numbers below 0 and beyond 2^30 become those.
    ///
    /// - Parameters:
    ///   - top: cells above it.
    ///   - left: cells to its left.
    ///   - height: in cells.
    ///   - width: in cells.
    public init(top: Int, left: Int, height: Int, width: Int) {
        func limited(_ count: Int) -> Int { min(max(count, 0), 1 << 30) }
        (self.top, self.left) = (limited(top), limited(left))
        (self.height, self.width) = (limited(height), limited(width))
    }

    /// How many cells it has.
    var count: Int { height * width }

    /// Whether no cell of another rectangle lies outside of it.
    package func contains(_ other: CellRectangle) -> Bool {
        other.top >= top && other.left >= left && other.top + other.height <= top + height
            && other.left + other.width <= left + width
    }

    /// What of it lies in a latent; nil where it begins outside.
    package func within(height latentHeight: Int, width latentWidth: Int) -> CellRectangle? {
        let cut = CellRectangle(
            top: top, left: left, height: min(height, latentHeight - top),
            width: min(width, latentWidth - left))
        return cut.count > 0 ? cut : nil
    }
}
