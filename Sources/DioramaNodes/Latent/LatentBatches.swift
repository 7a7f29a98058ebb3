import DioramaGraph
import DioramaTensor

/// Takes latents out of a batch.
struct LatentFromBatch: Node {
    static let spec = NodeSpec(
        "LatentFromBatch", title: "Get Latent From Batch", category: "model/latent/batch",
        "Takes one or more latents out of a batch. They keep their places in the noise of the seed, so that sampling them alone "
            + "gives the pictures that they had in the batch.", searchAliases: ["select", "pick", "slice"])

    @Input("A batch of latents.") var samples: Latent
    @Input(
        "The first one to take: 0 is the first of the batch, -1 the last.", in: -16384...16384)
    var batchIndex = 0
    @Input("How many to take; fewer where the batch ends.", in: 1...64) var length = 1

    @Output("The chosen latents.") var latent: Latent

    func run(_ context: RunContext) async throws {
        let count = samples.samples.shape[0]
        let start = max(0, min(count - 1, batchIndex < 0 ? batchIndex + count : batchIndex))
        let range = start..<min(count, start + length)
        var mask = samples.noiseMask
        if let coverage = mask?.coverage, coverage.shape[0] > 1 {
            // Fewer masks than latents are used over and over, by the sampler too.
            mask = Mask(
                coverage: Latent.repeated(coverage, toCount: max(count, coverage.shape[0]))[range])
        }
        latent = Latent(
            samples: samples.samples[range], batchIndex: Array(samples.places[range]), noiseMask: mask)
    }
}

/// Repeats a batch of latents.
struct RepeatLatentBatch: Node {
    static let spec = NodeSpec(
        "RepeatLatentBatch", title: "Repeat Latent Batch", category: "model/latent/batch",
        "Repeats a batch of latents, to make several pictures of each with noise of their own.",
        searchAliases: ["duplicate", "copy", "batch"])

    @Input("A batch of latents.") var samples: Latent
    @Input("How many times the batch is there afterwards.", in: 1...64) var amount = 1

    @Output("The whole batch, then the whole batch again, and so on.") var latent: Latent

    func run(_ context: RunContext) async throws {
        let old = samples.samples
        try Latent.check(values: old.count, amount, of: $amount, context)
        var mask = samples.noiseMask
        if let coverage = mask?.coverage, coverage.shape[0] > 1 {
            try Latent.check(values: coverage.count, amount, of: $amount, context)
            mask = Mask(coverage: coverage.repeated(amount, axis: 0))
        }
        latent = Latent(
            samples: old.repeated(amount, axis: 0), batchIndex: try repeatedPlaces(context), noiseMask: mask)
    }

    /// Places for every repetition: each starts behind the last place of the one before.
    private func repeatedPlaces(_ context: RunContext) throws -> [Int]? {
        guard let places = samples.batchIndex, let first = places.min(), let last = places.max() else {
            return nil
        }
        let (end, overflow) = (last - first + 1).multipliedReportingOverflow(by: amount)
        guard !overflow, end < Int.max - last else {
            throw context.fail(
                $samples, "has latents whose places in the noise, \(first) to \(last), are too far apart")
        }
        return (0..<amount).flatMap { round in places.map { $0 + round * (last - first + 1) } }
    }
}

/// Puts two batches of latents behind one another.
struct LatentBatch: Node {
    static let spec = NodeSpec(
        "LatentBatch", title: "Batch Latents (DEPRECATED)", category: "model/latent/batch",
        "Puts two batches of latents behind one another. BatchLatentsNode takes any number of them.",
        searchAliases: ["combine latents", "merge latents", "join latents"], isDeprecated: true)

    @Input("The first batch; its size and its mask count for both.") var samples1: Latent
    @Input("The second batch, scaled and cut to the size of the first.") var samples2: Latent

    @Output("Both batches; each latent keeps its place in the noise.") var latent: Latent

    func run(_ context: RunContext) async throws {
        let second = try samples2.fitted(to: samples1, $samples2, context)
        let rest = second.shape
        try Latent.check(
            values: samples1.samples.shape[0] + rest[0], rest[1], rest[2], rest[3], of: $samples2, context)
        latent = Latent(
            samples: .concatenated([samples1.samples, second], axis: 0),
            batchIndex: samples1.places + samples2.places, noiseMask: samples1.noiseMask)
    }
}

/// Decides whether the latents of a batch get the same noise.
struct LatentBatchSeedBehavior: Node {
    static let spec = NodeSpec(
        "LatentBatchSeedBehavior", category: "model/latent/advanced",
        "Decides whether the latents of a batch get noise of their own or all the same.",
        searchAliases: ["fixed noise", "same seed"])

    @Input("A batch of latents.") var samples: Latent
    @Input(
        "random: each latent gets other noise, as usual; fixed: all get the noise of the first.",
        options: ["random", "fixed"])
    var seedBehavior = "fixed"

    @Output("The same latents.") var latent: Latent

    func run(_ context: RunContext) async throws {
        var changed = samples
        changed.batchIndex =
            seedBehavior == "random"
            ? nil : Array(repeating: samples.batchIndex?.first ?? 0, count: samples.samples.shape[0])
        latent = changed
    }
}
