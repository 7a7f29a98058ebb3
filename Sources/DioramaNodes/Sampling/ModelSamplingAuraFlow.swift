import DioramaGraph

/// Changes the shift of a flow-matching model whose time runs from 0 to 1.
struct ModelSamplingAuraFlow: Node {
    static let spec = NodeSpec(
        "ModelSamplingAuraFlow", title: "ModelSamplingAuraFlow", category: "model/patch",
        "Changes how a flow-matching model spreads its steps, for models that are told the noise level itself: AuraFlow, "
            + "Z-Image, Lumina, Qwen-Image.")

    @Input("The model to change; the original stays as it is.") var model: Model
    @Input(
        "1 spreads steps evenly, a larger shift spends more of them at high noise; above 0.", in: 0...100,
        step: 0.01)
    var shift = 1.73

    @Output("The model with the new shift.") var patched: Model

    func run(_ context: RunContext) async throws {
        patched = try model.shifted($shift, multiplier: 1, context)
    }
}
