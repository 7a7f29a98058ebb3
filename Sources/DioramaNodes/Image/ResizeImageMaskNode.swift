import DioramaGraph
import DioramaTensor

/// Gives pictures or masks another size, by one of many rules.
struct ResizeImageMaskNode: Node {
    static let spec = NodeSpec(
        "ResizeImageMaskNode", title: "Resize Image/Mask", category: "image/transform",
        "Gives pictures or masks another size: exact sides, a factor, one side, a number of pixels, the size of something "
            + "else, or multiples of a number.",
        searchAliases: ["resize", "resize image", "resize mask", "scale", "dimensions", "shrink", "enlarge"])

    @Input("Pictures or masks.", type: "IMAGE,MASK", match: "input_type") var input: AnyValue
    @InputChoice(
        "What decides the new size.",
        [
            "scale dimensions": SidesRule.self, "scale by multiplier": MultiplierRule.self,
            "scale longer dimension": LongerSideRule.self, "scale shorter dimension": ShorterSideRule.self,
            "scale width": WidthRule.self, "scale height": HeightRule.self,
            "scale total pixels": TotalPixelsRule.self, "match size": MatchRule.self,
            "scale to multiple": MultipleRule.self,
        ])
    var resizeType: any InputGroup
    @Input("How values between pixels are found.", options: imageMethods) var scaleMethod = "area"

    @Output("The same at the new size.", name: "resized", type: "IMAGE,MASK", match: "input_type")
    var resized: AnyValue

    func run(_ context: RunContext) async throws {
        guard let rule = resizeType as? any SizeRule else {
            throw context.fail($resizeType.name, "is \(quoted($resizeType.key)), which has no rule")
        }
        switch input.value {
        case let images as ImageBatch:
            let shape = images.pixels.shape
            guard images.pixels.rank == 4, images.pixels.count > 0 else {
                throw context.fail($input, "holds no pictures; those are [B, H, W, C], and this is \(shape)")
            }
            guard let new = try rule.size(of: NewSize(width: images.width, height: images.height), context)
            else {
                resized = input
                return
            }
            let scaled = try images.resized(
                to: new.size, scaleMethod, rule.crop, askedBy: $resizeType.name, context)
            resized = AnyValue(ImageBatch(pixels: scaled.pixels.middle(new.kept, rows: 1, columns: 2)))
        case let masks as Mask:
            let shape = masks.coverage.shape
            guard masks.coverage.rank == 3, masks.coverage.count > 0 else {
                throw context.fail($input, "holds no masks; those are [B, H, W], and this is \(shape)")
            }
            guard let new = try rule.size(of: NewSize(width: shape[2], height: shape[1]), context) else {
                resized = input
                return
            }
            let scaled = try masks.resized(
                to: new.size, scaleMethod, rule.crop, askedBy: $resizeType.name, context)
            resized = AnyValue(Mask(coverage: scaled.coverage.middle(new.kept, rows: 1, columns: 2)))
        default:
            throw context.fail($input, "is neither pictures nor masks")
        }
    }
}

extension Tensor {
    /// The middle of so many rows and columns; all of it where that is its size.
    fileprivate func middle(_ size: NewSize, rows: Int, columns: Int) -> Tensor {
        let top = (shape[rows] - size.height) / 2
        let left = (shape[columns] - size.width) / 2
        return narrowed(axis: rows, top..<top + size.height).narrowed(axis: columns, left..<left + size.width)
    }
}
