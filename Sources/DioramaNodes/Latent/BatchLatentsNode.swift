import DioramaGraph
import DioramaTensor

/// Puts latents into one batch.
struct BatchLatentsNode: Node {
    static let spec = NodeSpec(
        "BatchLatentsNode", title: "Batch Latents", category: "model/latent/batch",
        "Puts latents into one batch. All are given the size of the first, whose mask is kept; each keeps its place in the "
            + "noise of the seed.", searchAliases: ["combine latents", "stack latents", "merge latents"])

    @GrowingInput("Latents, one or more in each.", prefix: "latent", in: 1...50) var latents: [Latent]

    @Output("All of them, in order.") var batch: Latent

    func run(_ context: RunContext) async throws {
        guard let first = latents.first else { throw context.fail($latents.name, "holds no latents") }
        let shape = first.samples.shape
        var parts: [Tensor] = []
        for (name, values) in $latents.members {
            for latent in values {
                guard latent.samples.rank == 4, latent.samples.shape[1] == shape[1] else {
                    throw context.fail(
                        "\($latents.name).\(name)",
                        "is \(latent.samples.shape), which does not go with the first, \(shape): both must be of the same kind "
                            + "of model")
                }
                parts.append(try latent.fitted(to: first, named: "\($latents.name).\(name)", context))
            }
        }
        let count = parts.reduce(0) { $0 + $1.shape[0] }
        _ = try newShape([count, shape[1], shape[2], shape[3]], askedBy: $latents.name, context)
        batch = Latent(
            samples: .concatenated(parts, axis: 0), batchIndex: latents.flatMap(\.places),
            noiseMask: first.noiseMask)
    }
}
