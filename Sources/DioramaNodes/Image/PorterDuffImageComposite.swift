import DioramaGraph
import DioramaTensor

/// Composes pictures by the operators of Porter and Duff.
struct PorterDuffImageComposite: Node {
    static let spec = NodeSpec(
        "PorterDuffImageComposite", title: "Porter-Duff Image Composite", category: "image/compositing",
        "Composes two pictures with their masks by one of Porter's and Duff's operators. All is given the size of the "
            + "destination, what does not fit its aspect is cut away; the shortest batch decides how many.",
        searchAliases: ["alpha composite", "blend modes", "layer blend", "transparency blend"])

    @Input("The pictures above.") var source: ImageBatch
    @Input("1 where they are see-through.") var sourceAlpha: Mask
    @Input("The pictures below.") var destination: ImageBatch
    @Input("1 where they are see-through.") var destinationAlpha: Mask
    @Input(
        "SRC and DST take one of them; OVER lays one over the other, IN keeps it where the other is, OUT where it is not, "
            + "ATOP lays it over inside the other, XOR takes both outside of each other. The rest mixes colors.",
        options: PorterDuff.allCases.map(\.rawValue))
    var mode = "DST"

    @Output("The pictures, in 0...1; black where nothing is.") var image: ImageBatch
    @Output("1 where they are see-through, [B, H, W].") var mask: Mask

    func run(_ context: RunContext) async throws {
        let (above, below) = (try context.pictures($source), try context.pictures($destination))
        let (aboveMask, belowMask) = (try context.masks($sourceAlpha), try context.masks($destinationAlpha))
        guard above.channels == below.channels else {
            throw context.fail(
                $source,
                "has \(above.channels) channels, destination \(below.channels); "
                    + "give both the same, with SplitImageWithAlpha or JoinImageWithAlpha")
        }
        let count = min(min(above.count, below.count), min(aboveMask.count, belowMask.count))
        let size = NewSize(width: below.width, height: below.height)
        var colors = ImageBatch(pixels: above.pixels[0..<count])
        if above.width != below.width || above.height != below.height {
            colors = try colors.resized(to: size, "bicubic", "center", askedBy: $source.name, context)
        }
        let masks = try [(aboveMask, $sourceAlpha.name), (belowMask, $destinationAlpha.name)].map {
            masks, name in
            try Mask(coverage: masks.coverage[0..<count])
                .resized(to: size, "bicubic", "center", askedBy: name, context).coverage
        }
        let operation = PorterDuff(rawValue: mode) ?? .destination
        mask = Mask(
            coverage: masks[0].zipped(masks[1]) { 1 - operation.alpha(1 - $0, 1 - $1) })
        image = ImageBatch(
            pixels: composed(operation, colors.pixels, masks[0], below.pixels[0..<count], masks[1]))
    }

    /// The colors of the result, [B, H, W, C].
    private func composed(
        _ operation: PorterDuff, _ source: Tensor, _ sourceMask: Tensor, _ destination: Tensor,
        _ destinationMask: Tensor
    ) -> Tensor {
        let channels = source.shape[3]
        let (sourceCover, destinationCover) = (sourceMask.floats(), destinationMask.floats())
        return Tensor(source.shape, on: source.device) { output in
            source.withFloats { above in
                destination.withFloats { below in
                    for pixel in 0..<sourceCover.count {
                        let (sa, da) = (1 - sourceCover[pixel], 1 - destinationCover[pixel])
                        let alpha = operation.alpha(sa, da)
                        for index in pixel * channels..<(pixel + 1) * channels {
                            let color = operation.color(above[index] * sa, below[index] * da, sa, da)
                            output[index] = alpha > 1e-5 ? min(max(color / alpha, 0), 1) : 0
                        }
                    }
                }
            }
        }
    }
}

/// The operators, by ComfyUI's names: Porter and Duff, "Compositing Digital Images" (1984), and mixtures of colors.
private enum PorterDuff: String, CaseIterable {
    case add = "ADD"
    case clear = "CLEAR"
    case darken = "DARKEN"
    case destination = "DST"
    case destinationAtop = "DST_ATOP"
    case destinationIn = "DST_IN"
    case destinationOut = "DST_OUT"
    case destinationOver = "DST_OVER"
    case lighten = "LIGHTEN"
    case multiply = "MULTIPLY"
    case overlay = "OVERLAY"
    case screen = "SCREEN"
    case source = "SRC"
    case sourceAtop = "SRC_ATOP"
    case sourceIn = "SRC_IN"
    case sourceOut = "SRC_OUT"
    case sourceOver = "SRC_OVER"
    case xor = "XOR"

    /// The opacity of the result, from those of the source and the destination.
    func alpha(_ sa: Float, _ da: Float) -> Float {
        switch self {
        case .add: min(max(sa + da, 0), 1)
        case .clear: 0
        case .darken, .lighten, .overlay, .screen: sa + da - sa * da
        case .destination, .sourceAtop: da
        case .source, .destinationAtop: sa
        case .destinationIn, .sourceIn, .multiply: sa * da
        case .destinationOut: (1 - sa) * da
        case .sourceOut: (1 - da) * sa
        case .destinationOver: da + (1 - da) * sa
        case .sourceOver: sa + (1 - sa) * da
        case .xor: (1 - da) * sa + (1 - sa) * da
        }
    }

    /// The color of the result, from those of the source and the destination, all multiplied by their opacity.
    func color(_ s: Float, _ d: Float, _ sa: Float, _ da: Float) -> Float {
        switch self {
        case .add: min(max(s + d, 0), 1)
        case .clear: 0
        case .darken: (1 - da) * s + (1 - sa) * d + min(s, d)
        case .lighten: (1 - da) * s + (1 - sa) * d + max(s, d)
        case .destination: d
        case .source: s
        case .destinationAtop: sa * d + (1 - da) * s
        case .sourceAtop: da * s + (1 - sa) * d
        case .destinationIn: d * sa
        case .sourceIn: s * da
        case .destinationOut: (1 - sa) * d
        case .sourceOut: (1 - da) * s
        case .destinationOver: d + (1 - da) * s
        case .sourceOver: s + (1 - sa) * d
        case .multiply: s * d
        case .screen: s + d - s * d
        case .overlay: 2 * d < da ? 2 * s * d : sa * da - 2 * (da - s) * (sa - d)
        case .xor: (1 - da) * s + (1 - sa) * d
        }
    }
}
