import DioramaGraph
import DioramaSampling

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
        guard shift > 0 else {
            throw context.fail($shift, "is 0, which leaves no noise to remove; use 0.01 or more")
        }
        var changed = model
        changed.sampling = try .flow(shift: shift)
        patched = changed
    }
}
