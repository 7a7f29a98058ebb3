import DioramaGraph
import DioramaModels
import DioramaTensor

/// Makes pictures larger with a network.
struct ImageUpscaleWithModel: Node {
    static let spec = NodeSpec(
        "ImageUpscaleWithModel", title: "Upscale Image (using Model)", category: "image/upscaling",
        "Makes pictures larger with a network, by as much as the network does. Pictures are worked off in tiles of 512 pixels that overlap "
            + "by 32 and are blended there, so that all but the picture itself takes no more memory for a larger one.",
        searchAliases: ["esrgan", "super resolution"])

    @Input("The network.") var upscaleModel: Upscaler
    @Input("Pictures.") var image: ImageBatch

    @Output("Larger pictures, [B, H · scale, W · scale, 3] in 0...1.") var upscaled: ImageBatch

    func run(_ context: RunContext) async throws {
        let images = try context.pictures($image)
        let (model, tiles) = (upscaleModel.model, UpscaleTiles.standard)
        guard model.inputChannels == 3, model.outputChannels == 3 else {
            throw context.fail(
                $upscaleModel,
                "takes pictures of \(model.inputChannels) channels and makes them of \(model.outputChannels); one for pictures of 3 is needed"
            )
        }
        let pixels = try images.colors($image, context).permuted(0, 3, 1, 2)
        let total = images.count * tiles.count(height: images.height, width: images.width)
        var done = 0
        let larger = try (0..<images.count).map { index in
            try tiles.upscaled(pixels[index..<index + 1], by: model) {
                try context.checkCancellation()
                if done > 0 { context.progress(done, of: total) }
                done += 1
            }.permuted(0, 2, 3, 1)
        }
        context.progress(total, of: total)
        upscaled = ImageBatch(pixels: .concatenated(larger, axis: 0))
    }
}
