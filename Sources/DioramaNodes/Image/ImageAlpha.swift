import DioramaGraph
import DioramaTensor

/// Gives pictures an alpha channel.
struct JoinImageWithAlpha: Node {
    static let spec = NodeSpec(
        "JoinImageWithAlpha", title: "Join Image with Alpha", category: "image/compositing",
        "Gives pictures an alpha channel made from masks. Of more pictures than masks, or the reverse, the rest is left "
            + "out.", searchAliases: ["add transparency", "apply alpha", "composite alpha", "RGBA"])

    @Input("Pictures; alpha that they have is replaced.") var image: ImageBatch
    @Input("1 where the pictures shall be see-through; stretched to their size.") var alpha: Mask

    @Output("The pictures, [B, H, W, 4].") var joined: ImageBatch

    func run(_ context: RunContext) async throws {
        let images = try context.pictures($image)
        let masks = try context.masks($alpha)
        let count = min(images.count, masks.count)
        let colors = try images.colors($image, context)[0..<count]
        let mask = try Mask(coverage: masks.coverage[0..<count]).resized(
            to: NewSize(width: images.width, height: images.height), "bilinear", askedBy: $alpha.name, context
        )
        _ = try newShape([count, images.height, images.width, 4], askedBy: $image.name, context)
        let opacity = (1 - mask.coverage).reshaped(count, images.height, images.width, 1)
        joined = ImageBatch(pixels: .concatenated([colors, opacity], axis: 3))
    }
}

/// Parts pictures and their alpha channel.
struct SplitImageWithAlpha: Node {
    static let spec = NodeSpec(
        "SplitImageWithAlpha", title: "Split Image with Alpha", category: "image/compositing",
        "Parts pictures into their colors and a mask of what is see-through.",
        searchAliases: ["extract alpha", "separate transparency", "remove alpha"])

    @Input("Pictures, with alpha or without.") var image: ImageBatch

    @Output("The colors, [B, H, W, 3].") var colors: ImageBatch
    @Output("1 - alpha, [B, H, W]; zeros for pictures without alpha.") var mask: Mask

    func run(_ context: RunContext) async throws {
        let images = try context.pictures($image)
        let shape: Shape = [images.count, images.height, images.width]
        colors = ImageBatch(pixels: try images.colors($image, context))
        mask = Mask(
            coverage: images.channels > 3
                ? 1 - images.pixels.narrowed(axis: 3, 3..<4).reshaped(shape)
                : .zeros(shape, on: images.pixels.device))
    }
}
