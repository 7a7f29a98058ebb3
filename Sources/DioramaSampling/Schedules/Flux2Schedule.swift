/// The noise levels of FLUX.2: even steps, shifted by an amount that depends on the picture's size and their number.
///
/// ComfyUI's `Flux2Scheduler` node and the reference implementation of Black Forest Labs.
public enum Flux2Schedule {
    /// The exponent of the shift for a picture of `tokens` (pixels / 256) in `steps` steps.
    ///
    /// A line through the empirical values at 10 and at 200 steps, each linear in the tokens.
    public static func shift(tokens: Int, steps: Int) -> Double {
        let tokens = Double(tokens)
        let at200 = 0.00016927 * tokens + 0.45666666
        guard tokens <= 4300 else { return at200 }
        let at10 = 8.73809524e-05 * tokens + 1.89833333
        let slope = (at200 - at10) / 190
        return slope * Double(steps) + at200 - 200 * slope
    }

    /// `steps` noise levels from 1 downwards, then 0; none for fewer than one step.
    ///
    /// - Parameters:
    ///   - width: Of the picture in pixels.
    ///   - height: Of the picture in pixels.
    ///   - steps: At most a million are made.
    /// - Returns: `steps + 1` levels.
    public static func sigmas(width: Int, height: Int, steps: Int) -> [Float] {
        guard steps >= 1 else { return [] }
        let steps = min(steps, 1_000_000)
        let tokens = (Double(width) * Double(height) / 256).rounded(.toNearestOrEven)
        let mu = shift(tokens: Int(min(max(tokens, 0), 1e15)), steps: steps)
        return linspace(1, 0, steps + 1).map { Float(exponentiallyShiftedTime($0, by: mu)) }
    }
}
