import DioramaGraph

/// Lets only a part of a latent change.
struct SetLatentNoiseMask: Node {
    static let spec = NodeSpec(
        "SetLatentNoiseMask", title: "Set Latent Noise Mask", category: "model/latent",
        "Lets only a part of a latent change when it is denoised; the rest is kept.",
        searchAliases: ["inpaint", "mask"])

    @Input("Latents, [B, C, H, W].") var samples: Latent
    @Input("Where they may change: 1 everything, 0 nothing. Of any size.") var mask: Mask

    @Output("The latents with their mask.") var latent: Latent

    func run(_ context: RunContext) async throws {
        var masked = samples
        masked.noiseMask = try context.masks($mask)
        latent = masked
    }
}

/// Lets each part of a latent change from its own step on.
struct DifferentialDiffusion: Node {
    static let spec = NodeSpec(
        "DifferentialDiffusion", title: "Differential Diffusion", category: "experimental",
        "Reads a noise mask as how much each part may change: it begins to change the earlier the more it is covered, "
            + "so that soft masks give seamless pictures.", lane: .io,
        searchAliases: ["inpaint", "soft mask"],
        isExperimental: true)

    @Input("The model to change; the original stays as it is.") var model: Model
    @Input(
        "1 changes each part at once, smaller values mix the mask itself in.", in: 0...1, step: 0.01,
        optional: true)
    var strength = 1.0

    @Output("The changed model.") var changed: Model

    func run(_ context: RunContext) {
        var copy = model
        copy.differentialStrength = strength
        changed = copy
    }
}
