import DioramaGraph
import DioramaTensor

/// Cuts a part out of latents.
struct LatentCrop: Node {
    static let spec = NodeSpec(
        "LatentCrop", title: "Crop Latent", category: "model/latent/transform",
        "Cuts a part out of latents. Sizes and places are in pixels of the picture, eight to a cell of the latent.",
        searchAliases: ["cut", "trim"])

    @Input("The latents, [B, C, H, W].") var samples: Latent
    @Input("Width of the part.", in: 64...16384, step: 8) var width = 512
    @Input("Height of the part.", in: 64...16384, step: 8) var height = 512
    @Input(
        "Left edge of the part; moved left where fewer than 64 pixels would remain.", in: 0...16384, step: 8)
    var x = 0
    @Input(
        "Upper edge of the part; moved up where fewer than 64 pixels would remain.", in: 0...16384, step: 8)
    var y = 0

    @Output("The part, smaller where the latent ends.") var latent: Latent

    func run(_ context: RunContext) async throws {
        func part(from start: Int, _ length: Int, of extent: Int) -> Range<Int> {
            let first = max(0, min(start / 8, extent - 8))
            return first..<min(extent, first + length / 8)
        }
        let old = samples.samples
        latent = samples.with(
            samples: old.narrowed(axis: 2, part(from: y, height, of: old.shape[2]))
                .narrowed(axis: 3, part(from: x, width, of: old.shape[3])))
    }
}

/// Mirrors latents.
struct LatentFlip: Node {
    static let spec = NodeSpec(
        "LatentFlip", title: "Flip Latent", category: "model/latent/transform",
        "Mirrors latents. Denoise them a little afterwards: cells do not show quite the mirrored picture.",
        searchAliases: ["mirror"])

    @Input("The latents.") var samples: Latent
    @Input(
        "vertically puts top and bottom in each other's place, horizontally left and right.",
        options: ["x-axis: vertically", "y-axis: horizontally"])
    var flipMethod: String

    @Output("The mirrored latents.") var latent: Latent

    func run(_ context: RunContext) async throws {
        latent = samples.with(samples: samples.samples.flipped(axis: flipMethod.hasPrefix("x") ? 2 : 3))
    }
}

/// Turns latents.
struct LatentRotate: Node {
    static let spec = NodeSpec(
        "LatentRotate", title: "Rotate Latent", category: "model/latent/transform",
        "Turns latents clockwise. Denoise them a little afterwards: cells do not show quite the turned picture.",
        searchAliases: ["turn"])

    @Input("The latents.") var samples: Latent
    @Input("How far.", options: ["none", "90 degrees", "180 degrees", "270 degrees"]) var rotation: String

    @Output("The turned latents.") var latent: Latent

    func run(_ context: RunContext) async throws {
        let old = samples.samples
        let turned =
            switch rotation.prefix(2) {
            case "90": old.flipped(axis: 2).transposed(2, 3)
            case "18": old.flipped(axis: 2).flipped(axis: 3)
            case "27": old.flipped(axis: 3).transposed(2, 3)
            default: old
            }
        latent = samples.with(samples: turned)
    }
}
