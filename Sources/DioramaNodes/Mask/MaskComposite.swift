import DioramaGraph
import DioramaTensor

/// Works masks into others.
struct MaskComposite: Node {
    static let spec = NodeSpec(
        "MaskComposite", title: "Combine Masks", category: "image/mask",
        "Works masks into others at a place. What reaches beyond them is left out.",
        searchAliases: ["combine masks", "blend masks", "layer masks", "masks composition"])

    @Input("The masks that are changed; the result has their size and number.") var destination: Mask
    @Input("The masks that are worked in: one, or as many.") var source: Mask
    @Input("Where their left edge is, in pixels.", in: 0...16384, step: 1) var x = 0
    @Input("Where their upper edge is, in pixels.", in: 0...16384, step: 1) var y = 0
    @Input(
        "multiply, add and subtract compute with the values; and, or and xor take those above 0.5 for 1, the rest for 0.",
        options: Operation.allCases.map(\.rawValue))
    var operation = "multiply"

    @Output("The result, in 0...1.") var combined: Mask

    func run(_ context: RunContext) async throws {
        let below = try context.masks($destination).coverage
        let above = try context.masks($source).coverage
        guard above.shape[0] == 1 || above.shape[0] == below.shape[0] else {
            throw context.fail(
                $source,
                "holds \(above.shape[0]) masks, destination \(below.shape[0]); give equally many, or one")
        }
        let (height, width) = (below.shape[1], below.shape[2])
        let rows = max(0, min(above.shape[1], height - y))
        let columns = max(0, min(above.shape[2], width - x))
        let operation = Operation(rawValue: operation) ?? .multiply
        let combinedValues = Tensor(below.shape, on: below.device) { output in
            below.withFloats { input in _ = output.initialize(from: input) }
            above.withFloats { source in
                for plane in 0..<below.shape[0] {
                    let over = plane % above.shape[0]
                    for row in 0..<rows {
                        let from = (over * above.shape[1] + row) * above.shape[2]
                        let to = (plane * height + y + row) * width + x
                        for column in 0..<columns {
                            output[to + column] = operation.combine(
                                output[to + column], source[from + column])
                        }
                    }
                }
            }
        }
        combined = Mask(coverage: combinedValues.clamped(0, 1))
    }

    /// How two values are combined, by ComfyUI's names.
    private enum Operation: String, CaseIterable {
        case multiply, add, subtract, and, or, xor

        func combine(_ a: Float, _ b: Float) -> Float {
            func isOn(_ value: Float) -> Bool { value.rounded(.toNearestOrEven) != 0 }
            return switch self {
            case .multiply: a * b
            case .add: a + b
            case .subtract: a - b
            case .and: isOn(a) && isOn(b) ? 1 : 0
            case .or: isOn(a) || isOn(b) ? 1 : 0
            case .xor: isOn(a) != isOn(b) ? 1 : 0
            }
        }
    }
}
