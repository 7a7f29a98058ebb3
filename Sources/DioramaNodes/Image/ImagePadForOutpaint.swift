import DioramaGraph
import DioramaTensor

/// Puts gray around pictures, to be painted on.
struct ImagePadForOutpaint: Node {
    static let spec = NodeSpec(
        "ImagePadForOutpaint", title: "Pad Image for Outpainting", category: "image/transform",
        "Puts gray around pictures, and makes the mask of what a model shall paint: all that is new, and a margin of the "
            + "picture where it fades out, so that no seam shows.",
        searchAliases: ["extend canvas", "expand image", "outpaint"])

    @Input("Pictures.") var image: ImageBatch
    @Input("Pixels to add on the left.", in: 0...16384, step: 8) var left = 0
    @Input("Pixels to add above.", in: 0...16384, step: 8) var top = 0
    @Input("Pixels to add on the right.", in: 0...16384, step: 8) var right = 0
    @Input("Pixels to add below.", in: 0...16384, step: 8) var bottom = 0
    @Input(
        "How far the mask reaches into the picture; 0, or half a side of the picture or more, for a hard edge.",
        in: 0...16384, step: 1, advanced: true)
    var feathering = 40

    @Output("The larger pictures.") var padded: ImageBatch
    @Output("1 where it is new, fading to 0 inside the picture, [1, H, W].") var mask: Mask

    func run(_ context: RunContext) async throws {
        let images = try context.pictures($image)
        let (height, width) = (images.height + top + bottom, images.width + left + right)
        _ = try newShape([images.count, height, width, images.channels], askedBy: $left.name, context)
        padded = ImageBatch(
            pixels: images.pixels.padded(
                [(axis: 1, before: top, after: bottom), (axis: 2, before: left, after: right)], value: 0.5))
        mask = Mask(
            coverage: fading(over: images, on: images.pixels.device).padded(
                [(axis: 1, before: top, after: bottom), (axis: 2, before: left, after: right)], value: 1))
    }

    /// What of the picture itself is painted on, [1, H, W]: at an edge with new pixels all, less with the square of the
    /// distance.
    private func fading(over images: ImageBatch, on device: Device) -> Tensor {
        let (height, width) = (images.height, images.width)
        guard feathering > 0, feathering * 2 < min(height, width) else {
            return .zeros([1, height, width], on: device)
        }
        return Tensor([1, height, width], on: device) { output in
            for y in 0..<height {
                // An edge that nothing was added at is far away.
                let above = top > 0 ? y : height
                let below = bottom > 0 ? height - y : height
                for x in 0..<width {
                    let before = left > 0 ? x : width
                    let behind = right > 0 ? width - x : width
                    let distance = min(above, below, before, behind)
                    let share = max(0, Double(feathering - distance) / Double(feathering))
                    output[y * width + x] = Float(share * share)
                }
            }
        }
    }
}
