import DioramaGraph
import DioramaNN
import DioramaTensor

/// Draws the edges of pictures.
struct Canny: Node {
    static let spec = NodeSpec(
        "Canny", title: "Detect Edges (Canny)", category: "image/filters",
        "Draws the edges of pictures in white on black, one pixel wide, by Canny's method.",
        searchAliases: ["edge detection", "outline", "contour detection", "line art"])

    @Input("Pictures of 3x3 pixels or more; alpha is left out.") var image: ImageBatch
    @Input(
        "How much the light must change for a line to go on. A hard edge from black to white has about 2.6.",
        in: 0.01...0.99, step: 0.01)
    var lowThreshold = 0.4
    @Input(
        "How much it must change for a line to begin; not below low_threshold.", in: 0.01...0.99, step: 0.01)
    var highThreshold = 0.8

    @Output("The edges, [B, H, W, 3]: 1 on one, 0 elsewhere.") var edges: ImageBatch

    func run(_ context: RunContext) async throws {
        let images = try context.pictures($image)
        guard lowThreshold <= highThreshold else {
            throw context.fail(
                $lowThreshold, "is \(lowThreshold), and must not be above high_threshold, \(highThreshold)")
        }
        guard min(images.width, images.height) > 2 else {
            throw context.fail($image, "is \(images.width)x\(images.height); 3x3 pixels or more are needed")
        }
        let found = cannyEdges(
            try images.gray($image, context), low: Float(lowThreshold), high: Float(highThreshold))
        edges = try ImageBatch(Mask(coverage: found), askedBy: $image.name, context)
    }
}

extension ImageBatch {
    /// The light of each pixel, `[B, H, W, 1]`; alpha is left out.
    fileprivate func gray(_ input: InputReference<ImageBatch>, _ context: RunContext) throws -> Tensor {
        guard channels > 2 else { return pixels.narrowed(axis: 3, 0..<1) }
        return luma(of: try colors(input, context))
    }
}
