import DioramaGraph

/// Changes the shift of a flow-matching model.
struct ModelSamplingSD3: Node {
    static let spec = NodeSpec(
        "ModelSamplingSD3", title: "ModelSamplingSD3", category: "model/patch/stable diffusion",
        "Changes how a flow-matching model spreads its steps: a larger shift spends more of them at high noise."
    )

    @Input("The model to change; the original stays as it is.") var model: Model
    @Input("1 spreads steps evenly, 3 is Stable Diffusion 3's own; above 0.", in: 0...100, step: 0.01)
    var shift = 3.0

    @Output("The model with the new shift.") var patched: Model

    func run(_ context: RunContext) async throws {
        patched = try model.shifted($shift, multiplier: 1000, context)
    }
}
