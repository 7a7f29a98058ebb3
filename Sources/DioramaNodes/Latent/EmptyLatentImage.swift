import DioramaGraph
import DioramaTensor

/// An empty latent of a size, in the four channels of Stable Diffusion 1; the sampler gives it its model's channels.
struct EmptyLatentImage: Node {
    static let spec = NodeSpec(
        "EmptyLatentImage", title: "Empty Latent Image", category: "model/latent",
        "Makes an empty latent of a size, to start a picture from noise.")

    @Input("Width of the picture in pixels.", in: 16...16384, step: 8) var width = 512
    @Input("Height of the picture in pixels.", in: 16...16384, step: 8) var height = 512
    @Input("Pictures made in one go.", in: 1...4096) var batchSize = 1

    @Output("Empty latent, [B, 4, H/8, W/8].") var latent: Latent

    func run(_ context: RunContext) async throws {
        latent = try .empty(width: width, height: height, batch: batchSize, channels: 4, context)
    }
}

/// An empty latent of a size, in the sixteen channels of Stable Diffusion 3.
struct EmptySD3LatentImage: Node {
    static let spec = NodeSpec(
        "EmptySD3LatentImage", title: "EmptySD3LatentImage", category: "model/latent/stable diffusion",
        "Makes an empty latent of a size for Stable Diffusion 3, to start a picture from noise.")

    @Input("Width of the picture in pixels.", in: 16...16384, step: 16) var width = 1024
    @Input("Height of the picture in pixels.", in: 16...16384, step: 16) var height = 1024
    @Input("Pictures made in one go.", in: 1...4096) var batchSize = 1

    @Output("Empty latent, [B, 16, H/8, W/8].") var latent: Latent

    func run(_ context: RunContext) async throws {
        latent = try .empty(width: width, height: height, batch: batchSize, channels: 16, context)
    }
}

/// An empty latent of a size, in the cells of FLUX.2, which are twice as wide and high as those of others.
struct EmptyFlux2LatentImage: Node {
    static let spec = NodeSpec(
        "EmptyFlux2LatentImage", title: "Empty Flux 2 Latent", category: "model/latent/flux",
        "Makes an empty latent of a size for FLUX.2, to start a picture from noise.")

    @Input("Width of the picture in pixels.", in: 16...16384, step: 16) var width = 1024
    @Input("Height of the picture in pixels.", in: 16...16384, step: 16) var height = 1024
    @Input("Pictures made in one go.", in: 1...4096) var batchSize = 1

    @Output("Empty latent, [B, 128, H/16, W/16].") var latent: Latent

    func run(_ context: RunContext) async throws {
        latent = try .empty(
            width: width, height: height, batch: batchSize, channels: 128, cell: 16, context)
    }
}

extension Latent {
    /// An all-zero latent of `[batch, channels, height / cell, width / cell]`; sizes are cut to multiples of the cell, as in ComfyUI.
    ///
    /// - Throws: an error naming the node when the batch would not fit in memory.
    static func empty(
        width: Int, height: Int, batch: Int, channels: Int, cell: Int = 8, _ context: RunContext
    ) throws -> Latent {
        let (rows, columns) = (height / cell, width / cell)
        let values = rows * columns * channels * batch
        guard values <= valueLimit else {
            throw context.fail(
                "batch_size",
                "\(batch) pictures of \(width)x\(height) need \(values) latent values; at most \(valueLimit) are allowed. "
                    + "Ask for fewer or smaller pictures.")
        }
        var latent = Latent(
            samples: .zeros([batch, channels, rows, columns], on: try context.resource(Device.self)))
        latent.cell = cell
        return latent
    }
}
