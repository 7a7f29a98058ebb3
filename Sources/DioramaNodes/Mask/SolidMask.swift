import DioramaGraph
import DioramaTensor

/// Makes a mask of one value.
struct SolidMask: Node {
    static let spec = NodeSpec(
        "SolidMask", title: "Create Solid Mask", category: "image/mask", "Makes a mask of one value.")

    @Input("The value everywhere.", in: 0...1, step: 0.01) var value = 1.0
    @Input("Width in pixels.", in: 1...16384, step: 1) var width = 512
    @Input("Height in pixels.", in: 1...16384, step: 1) var height = 512

    @Output("The mask, [1, H, W].") var mask: Mask

    func run(_ context: RunContext) async throws {
        let shape = try newShape([1, height, width], askedBy: $width.name, context)
        mask = Mask(coverage: .full(Float(value), shape, on: try context.resource(Device.self)))
    }
}

/// Inverts masks.
struct InvertMask: Node {
    static let spec = NodeSpec(
        "InvertMask", title: "Invert Mask", category: "image/mask",
        "Inverts masks: each value v becomes 1 - v.",
        searchAliases: ["reverse mask", "flip mask"])

    @Input("Masks.") var mask: Mask

    @Output("Inverted masks.") var inverted: Mask

    func run(_ context: RunContext) async throws {
        inverted = Mask(coverage: 1 - mask.coverage)
    }
}

/// Makes masks hard.
struct ThresholdMask: Node {
    static let spec = NodeSpec(
        "ThresholdMask", title: "Threshold Mask", category: "image/mask",
        "Makes masks hard: 1 where they are above a value, 0 elsewhere.", searchAliases: ["binary mask"])

    @Input("Masks.") var mask: Mask
    @Input("What is above becomes 1.", in: 0...1, step: 0.01) var value = 0.5

    @Output("Masks of zeros and ones.") var hard: Mask

    func run(_ context: RunContext) async throws {
        let least = Float(value)
        hard = Mask(coverage: mask.coverage.mapped { $0 > least ? 1 : 0 })
    }
}
