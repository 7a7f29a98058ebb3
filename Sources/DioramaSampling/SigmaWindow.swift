/// A part of the way from noise to picture, as noise levels: for changes that hold for a part of the steps.
public struct SigmaWindow: Hashable, Sendable {
    /// The noise level where it starts, which belongs to it.
    public let start: Float
    /// The noise level where it ends, which does not.
    public let end: Float

    /// The whole way.
    public static let whole = SigmaWindow(start: .infinity, end: -.infinity)

    /// Whether a step at this noise level lies in it.
    public func contains(_ sigma: Float) -> Bool { sigma <= start && sigma > end }
}

extension ModelSampling {
    /// The part of the way between two fractions of it, by ComfyUI's rule for `start_percent` and `end_percent`.
    ///
    /// - Parameters:
    ///   - start: where it starts: 0 is pure noise.
    ///   - end: where it ends: 1 is the picture.
    /// - Returns: the noise levels; none where the part ends before it starts.
    public func window(fromPercent start: Double, to end: Double) -> SigmaWindow {
        SigmaWindow(start: sigma(atPercent: start), end: sigma(atPercent: end))
    }
}
