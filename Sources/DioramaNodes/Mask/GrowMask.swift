import DioramaGraph
import DioramaNN
import DioramaTensor

/// Grows or shrinks masks.
struct GrowMask: Node {
    static let spec = NodeSpec(
        "GrowMask", title: "Grow Mask", category: "image/mask", "Grows or shrinks what masks cover.",
        searchAliases: ["expand mask", "shrink mask"])

    @Input("Masks.") var mask: Mask
    @Input("How many pixels to grow; negative ones shrink.", in: -16384...16384, step: 1) var expand = 0
    @Input("Grow as a diamond, up, down, left and right, rather than as a square.", advanced: true)
    var taperedCorners = true

    @Output("Grown masks.") var grown: Mask

    func run(_ context: RunContext) async throws {
        let coverage = try context.masks($mask).coverage
        let (extreme, steps) = (expand < 0 ? Extreme.least : .greatest, Swift.abs(expand))
        if taperedCorners {
            grown = Mask(
                coverage: try diamondExtreme(extreme, of: coverage, steps: steps) {
                    try context.checkCancellation()
                })
        } else {
            let rows = slidingExtreme(extreme, of: coverage, axis: 1, before: steps, after: steps)
            grown = Mask(coverage: slidingExtreme(extreme, of: rows, axis: 2, before: steps, after: steps))
        }
    }
}
