import DioramaGraph
import DioramaNN
import DioramaTensor

/// Cuts pictures into batches of another size.
struct RebatchImages: Node {
    static let spec = NodeSpec(
        "RebatchImages", title: "Rebatch Images", category: "image/batch",
        "Cuts all pictures of a list into batches of one size; what follows runs once for each batch.",
        lane: .io)

    @InputList("Batches of pictures, all of one size.") var images: [ImageBatch]
    @Input("Pictures in a batch; the last may have fewer.", in: 1...4096) var batchSize = 1

    @OutputList("A list of batches.") var batches: [ImageBatch]

    func run(_ context: RunContext) throws {
        guard let first = images.first?.pixels.shape else {
            batches = []
            return
        }
        for (position, batch) in images.enumerated()
        where batch.pixels.shape.dims.dropFirst() != first.dims.dropFirst() {
            throw context.fail(
                $images,
                "are of different sizes: the first is \(first[2])x\(first[1]) with \(first[3]) channels, number "
                    + "\(position + 1) is \(batch.width)x\(batch.height) with \(batch.channels); scale them to one size"
            )
        }
        let all = Tensor.concatenated(images.map(\.pixels), axis: 0)
        batches = chunks(of: batchSize, in: all.shape[0]).map {
            ImageBatch(pixels: all.narrowed(axis: 0, $0))
        }
    }
}

/// Cuts latents into batches of another size.
struct RebatchLatents: Node {
    static let spec = NodeSpec(
        "RebatchLatents", title: "Rebatch Latents", category: "model/latent/batch",
        "Cuts all latents of a list into batches of one size; what follows runs once for each batch. A latent of another "
            + "size than its predecessor begins a batch of its own.", lane: .io)

    @InputList("Batches of latents.") var latents: [Latent]
    @Input("Latents in a batch; the last before another size may have fewer.", in: 1...4096) var batchSize = 1

    @OutputList("A list of batches.") var batches: [Latent]

    func run(_ context: RunContext) throws {
        var made: [Latent] = []
        var run: [Latent] = []
        var seen = 0
        for latent in latents {
            let count = latent.samples.shape[0]
            if let last = run.last,
                last.samples.shape.dims.dropFirst() != latent.samples.shape.dims.dropFirst()
            {
                made += rebatched(run)
                run = []
            }
            var placed = latent
            placed.batchIndex = latent.batchIndex ?? (seen..<seen + count).map(\.self)
            run.append(placed)
            seen += count
        }
        batches = made + rebatched(run)
    }

    /// Latents of one size, cut anew.
    private func rebatched(_ run: [Latent]) -> [Latent] {
        if run.isEmpty { return [] }
        let samples = Tensor.concatenated(run.map(\.samples), axis: 0)
        let indices = run.flatMap { $0.batchIndex ?? [] }
        let masks = run.flatMap { latent in
            (0..<latent.samples.shape[0]).map { item in latent.noiseMask.map { ($0, item) } }
        }
        return chunks(of: batchSize, in: samples.shape[0]).map { range in
            Latent(
                samples: samples.narrowed(axis: 0, range), batchIndex: Array(indices[range]),
                noiseMask: mask(of: Array(masks[range])))
        }
    }

    /// The masks of latents as one batch, at the size of the first: 1 where a latent has none; nil where none has one.
    private func mask(of items: [(mask: Mask, item: Int)?]) -> Mask? {
        guard let first = items.lazy.compactMap(\.self).first?.mask.coverage else { return nil }
        let (height, width) = (first.shape[1], first.shape[2])
        return Mask(
            coverage: .concatenated(
                items.map { item in
                    guard let (mask, index) = item else {
                        return Tensor.full(1, [1, height, width], on: first.device)
                    }
                    let own = mask.coverage
                    let one = own.narrowed(axis: 0, index % own.shape[0]..<index % own.shape[0] + 1)
                    return resized(
                        one.reshaped(1, 1, own.shape[1], own.shape[2]), height: height, width: width,
                        by: .bilinear
                    ).reshaped(1, height, width)
                }, axis: 0))
    }
}

/// The ranges of `size` each, the last perhaps shorter, that `count` things are cut into.
private func chunks(of size: Int, in count: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
}
