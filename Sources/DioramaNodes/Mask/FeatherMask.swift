import DioramaGraph
import DioramaTensor

/// Makes masks fade out towards the picture's edges.
struct FeatherMask: Node {
    static let spec = NodeSpec(
        "FeatherMask", title: "Feather Mask", category: "image/mask",
        "Makes masks fade out towards the edges of the picture: they are multiplied by a ramp from each.",
        searchAliases: ["soft edge mask", "blur mask edges", "gradient mask edge"])

    @Input("Masks.") var mask: Mask
    @Input("Length of the ramp from the left edge, in pixels.", in: 0...16384, step: 1) var left = 0
    @Input("Length of the ramp from the upper edge, in pixels.", in: 0...16384, step: 1) var top = 0
    @Input("Length of the ramp from the right edge, in pixels.", in: 0...16384, step: 1) var right = 0
    @Input("Length of the ramp from the lower edge, in pixels.", in: 0...16384, step: 1) var bottom = 0

    @Output("Feathered masks.") var feathered: Mask

    func run(_ context: RunContext) async throws {
        let coverage = try context.masks($mask).coverage
        let (height, width) = (coverage.shape[1], coverage.shape[2])
        let device = coverage.device
        feathered = Mask(
            coverage: coverage
                * Tensor(ramp(width, left, fromEnd: false), [1, 1, width], on: device)
                * Tensor(ramp(width, right, fromEnd: true), [1, 1, width], on: device)
                * Tensor(ramp(height, top, fromEnd: false), [1, height, 1], on: device)
                * Tensor(ramp(height, bottom, fromEnd: true), [1, height, 1], on: device))
    }

    /// The factors along an axis: from 1 / length at one end up to 1.
    private func ramp(_ count: Int, _ asked: Int, fromEnd: Bool) -> [Float] {
        let length = min(asked, count)
        let rising = (0..<count).map { $0 < length ? Float(Double($0 + 1) / Double(length)) : 1 }
        return fromEnd ? rising.reversed() : rising
    }
}
