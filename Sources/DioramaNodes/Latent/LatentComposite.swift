import DioramaGraph
import DioramaNN
import DioramaTensor

/// Puts one latent on another.
struct LatentComposite: Node {
    static let spec = NodeSpec(
        "LatentComposite", title: "Latent Composite", category: "model/latent",
        "Puts one latent on another. Places are in pixels of the picture, eight to a cell of the latent.",
        searchAliases: ["paste", "overlay", "layer"])

    @Input("The latent below; its mask counts.") var samplesTo: Latent
    @Input("The latent above; what leaves the one below is cut off.") var samplesFrom: Latent
    @Input("Where its left edge comes to lie.", in: 0...16384, step: 8) var x = 0
    @Input("Where its upper edge comes to lie.", in: 0...16384, step: 8) var y = 0
    @Input(
        "How far its edges fade in; edges that lie on those of the latent below do not fade.", in: 0...16384,
        step: 8)
    var feather = 0

    @Output("The latent below with the other one on it.") var latent: Latent

    func run(_ context: RunContext) async throws {
        let (below, above) = (samplesTo.samples, samplesFrom.samples)
        guard let place = Placement(of: above, on: below, x: x / 8, y: y / 8) else {
            latent = samplesTo
            return
        }
        try place.check(above, on: below, $samplesFrom, context)
        let part = place.visible(above)
        let opacity =
            feather < 8 ? nil : fading(part.shape, place, below.shape, cells: feather / 8, below.device)
        latent = samplesTo.with(samples: place.put(part, on: below, opacity: opacity))
    }

    /// How much the latent above shows, [1, 1, h, w]: from 1 / cells at an edge that fades to 1.
    private func fading(
        _ part: Shape, _ place: Placement, _ whole: Shape, cells: Int, _ device: Device
    ) -> Tensor {
        func ramp(_ range: Range<Int>, in extent: Int) -> [Float] {
            range.indices.map { position in
                let fromStart = position - range.lowerBound + 1
                let fromEnd = range.upperBound - position
                var share: Float = 1
                if range.lowerBound > 0, fromStart < cells { share *= Float(fromStart) / Float(cells) }
                if range.upperBound < extent, fromEnd < cells { share *= Float(fromEnd) / Float(cells) }
                return share
            }
        }
        let rows = Tensor(ramp(place.rows, in: whole[2]), [1, 1, part[2], 1], on: device)
        let columns = Tensor(ramp(place.columns, in: whole[3]), [1, 1, 1, part[3]], on: device)
        return rows * columns
    }
}

/// Puts one latent on another through a mask.
struct LatentCompositeMasked: Node {
    static let spec = NodeSpec(
        "LatentCompositeMasked", title: "Latent Composite Masked", category: "model/latent",
        "Puts one latent on another where a mask lets it show. Places are in pixels of the picture, eight to a cell of the "
            + "latent.", searchAliases: ["overlay", "layer", "paste", "inpaint"])

    @Input("The latent below; its mask counts.") var destination: Latent
    @Input("The latent above; what leaves the one below is cut off.") var source: Latent
    @Input("Where its left edge comes to lie.", in: 0...16384, step: 8) var x = 0
    @Input("Where its upper edge comes to lie.", in: 0...16384, step: 8) var y = 0
    @Input("Give it the size of the latent below first.") var resizeSource = false
    @Input(
        "Where it shows: 1 fully, 0 not at all; scaled to its size. Without a mask all of it shows.",
        optional: true)
    var mask: Mask?

    @Output("The latent below with the other one on it.") var latent: Latent

    func run(_ context: RunContext) async throws {
        let below = destination.samples
        var above = source.samples
        if resizeSource {
            try Latent.check(
                values: above.shape[0], above.shape[1], below.shape[2], below.shape[3], of: $source, context)
            above = resized(above, height: below.shape[2], width: below.shape[3], by: .bilinear)
        }
        above = Latent.repeated(above, toCount: below.shape[0])
        guard let place = Placement(of: above, on: below, x: x / 8, y: y / 8) else {
            latent = destination
            return
        }
        try place.check(above, on: below, $source, context)
        let opacity = try mask.map { mask in
            let shape = mask.coverage.shape
            guard mask.coverage.count > 0 else { throw context.fail($mask, "is empty, \(shape)") }
            try Latent.check(values: shape[0], above.shape[2], above.shape[3], of: $mask, context)
            let planes = resized(
                mask.coverage.reshaped(shape[0], 1, shape[1], shape[2]), height: above.shape[2],
                width: above.shape[3], by: .bilinear)
            return place.visible(Latent.repeated(planes, toCount: above.shape[0]))
        }
        latent = destination.with(samples: place.put(place.visible(above), on: below, opacity: opacity))
    }
}

/// Where one latent lies on another, cut to what the latter can show.
private struct Placement {
    let rows: Range<Int>
    let columns: Range<Int>

    /// The place of a latent [B, C, h, w] whose upper left cell comes to lie at a cell of another one, [B, C, H, W]; nil
    /// where nothing of it shows.
    init?(of above: Tensor, on below: Tensor, x: Int, y: Int) {
        guard x < below.shape[3], y < below.shape[2] else { return nil }
        rows = y..<min(below.shape[2], y + above.shape[2])
        columns = x..<min(below.shape[3], x + above.shape[3])
    }

    /// Ends the node where the latents do not fit each other.
    func check(
        _ above: Tensor, on below: Tensor, _ input: InputReference<Latent>, _ context: RunContext
    ) throws {
        let counts = (above.shape[0], below.shape[0])
        guard above.shape[1] == below.shape[1], counts.0 == 1 || counts.0 == counts.1 else {
            throw context.fail(
                input,
                "is \(above.shape) and the latent below \(below.shape), [B, C, H, W]; the channels must be equal, and there "
                    + "must be one latent or as many as below")
        }
    }

    /// What shows of planes [B, C, h, w] that lie here.
    func visible(_ planes: Tensor) -> Tensor {
        planes.narrowed(axis: 2, 0..<rows.count).narrowed(axis: 3, 0..<columns.count)
    }

    /// A latent with a part of this size on it, as far as `opacity` [1 or B, 1, h, w] lets it show.
    func put(_ part: Tensor, on below: Tensor, opacity: Tensor?) -> Tensor {
        let (height, width) = (below.shape[2], below.shape[3])
        let band = below.narrowed(axis: 2, rows)
        let under = band.narrowed(axis: 3, columns)
        var shown = part
        if let opacity { shown = part * opacity + under * (1 - opacity) }
        let middle = joined(
            [
                band.narrowed(axis: 3, 0..<columns.lowerBound), shown.broadcast(to: under.shape),
                band.narrowed(axis: 3, columns.upperBound..<width),
            ], axis: 3)
        return joined(
            [
                below.narrowed(axis: 2, 0..<rows.lowerBound), middle,
                below.narrowed(axis: 2, rows.upperBound..<height),
            ], axis: 2)
    }

    private func joined(_ parts: [Tensor], axis: Int) -> Tensor {
        .concatenated(parts.filter { $0.count > 0 }, axis: axis)
    }
}
