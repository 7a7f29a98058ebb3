import DioramaGraph

/// Guidance that keeps the contrast of the prediction with the prompt.
struct RescaleCFG: Node {
    static let spec = NodeSpec(
        "RescaleCFG", title: "RescaleCFG", category: "model/patch",
        "Brings guided predictions back to the contrast of those with the prompt, so that a large cfg does not burn the picture."
    )

    @Input("The model to change; the original stays as it is.") var model: Model
    @Input("How far to bring it back: 0 not, 1 all the way.", in: 0...1, step: 0.01) var multiplier = 0.7

    @Output("The model with rescaled guidance.") var patched: Model

    func run(_ context: RunContext) async throws {
        let (sampling, multiplier) = (model.sampling, Float(multiplier))
        var changed = model
        changed.guidance.function = { step, guidance in
            guidance.combinedAtSpread(step, multiplier: multiplier, sampling: sampling)
        }
        patched = changed
    }
}
