import DioramaGraph
import DioramaTensor

/// Puts latents beside one another.
struct LatentConcat: Node {
    static let spec = NodeSpec(
        "LatentConcat", category: "model/latent/advanced", "Puts two latents beside one another.",
        searchAliases: ["join", "stitch", "stack"])

    @Input("The first latent; its mask counts.") var samples1: Latent
    @Input("The second latent; there are as many of it as of the first, some left out or repeated.")
    var samples2: Latent
    @Input(
        "x: the second to the right of the first; y: below it; t: behind it in time, which in latents of pictures is by "
            + "channels. With a minus sign the second comes first.",
        options: ["x", "-x", "y", "-y", "t", "-t"])
    var dim: String

    @Output("Both in one latent.") var latent: Latent

    func run(_ context: RunContext) async throws {
        let first = samples1.samples
        let second = Latent.repeated(samples2.samples, toCount: first.shape[0])
        let axis = axis(named: dim)
        for other in 1..<4 where other != axis && first.shape[other] != second.shape[other] {
            throw context.fail(
                $samples2,
                "is \(samples2.samples.shape) and samples1 \(first.shape), [B, C, H, W]; to join them along \(dim) the other "
                    + "sizes must be equal")
        }
        try Latent.check(
            values: first.count / first.shape[axis], first.shape[axis] + second.shape[axis], of: $samples2,
            context)
        latent = samples1.with(
            samples: .concatenated(dim.hasPrefix("-") ? [second, first] : [first, second], axis: axis))
    }
}

/// Cuts a band out of latents.
struct LatentCut: Node {
    static let spec = NodeSpec(
        "LatentCut", category: "model/latent/advanced",
        "Cuts a band out of latents. Places are cells of the latent, which are usually eight pixels.",
        searchAliases: ["slice", "crop"])

    @Input("The latents.") var samples: Latent
    @Input(
        "x: a band of columns; y: of rows; t: of moments, which in latents of pictures are the channels.",
        options: ["x", "y", "t"])
    var dim: String
    @Input(
        "Where the band starts: 0 is the first cell, -1 the last.", in: -16384...16384, step: 1)
    var index = 0
    @Input("How many cells it has; fewer where the latent ends.", in: 1...16384, step: 1) var amount = 1

    @Output("The band.") var latent: Latent

    func run(_ context: RunContext) async throws {
        let axis = axis(named: dim)
        let extent = samples.samples.shape[axis]
        let start = index < 0 ? max(0, extent + index) : min(index, extent - 1)
        latent = samples.with(
            samples: samples.samples.narrowed(axis: axis, start..<min(extent, start + amount)))
    }
}

/// Cuts latents into bands of one size.
struct LatentCutToBatch: Node {
    static let spec = NodeSpec(
        "LatentCutToBatch", category: "model/latent/advanced",
        "Cuts each latent into bands of one size and makes a batch of them; what is left over is dropped.",
        searchAliases: ["slice to batch", "split latent", "tile latent"])

    @Input("The latents.") var samples: Latent
    @Input(
        "x: bands of columns; y: of rows; t: of moments, which latents of pictures do not have and stay as they are for.",
        options: ["t", "x", "y"])
    var dim: String
    @Input("How many cells a band has; at most the whole latent.", in: 1...16384, step: 1) var sliceSize = 1

    @Output("The bands: those of the first latent, then those of the second, and so on.") var latent: Latent

    func run(_ context: RunContext) async throws {
        let old = samples.samples
        let axis = axis(named: dim)
        guard axis > 1 else {
            latent = samples
            return
        }
        let size = min(sliceSize, old.shape[axis])
        let bands = old.shape[axis] / size
        let slices = (0..<bands).map { old.narrowed(axis: axis, $0 * size..<($0 + 1) * size) }
        // Band by band [n, B, C, h, w] becomes latent by latent [B, n, C, h, w].
        let band = old.shape.dims.enumerated().map { $0.offset == axis ? size : $0.element }
        latent = samples.with(
            samples: Tensor.stacked(slices).transposed(0, 1)
                .reshaped(Shape([old.shape[0] * bands] + band.dropFirst())))
    }
}

/// The axis of [B, C, H, W] that `x`, `-y` or `t` names: counted from the end, as for latents of videos.
private func axis(named name: String) -> Int {
    switch name.last {
    case "x": 3
    case "y": 2
    default: 1
    }
}
