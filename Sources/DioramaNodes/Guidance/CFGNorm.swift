import DioramaGraph
import DioramaSampling

/// Guidance that is no longer than the prediction with the prompt.
struct CFGNorm: Node {
    static let spec = NodeSpec(
        "CFGNorm", category: "advanced/guidance",
        "Shortens guided predictions to the length of those with the prompt, place by place in the latent: Qwen-Image's guidance.",
        isExperimental: true)

    @Input("The model to change; the original stays as it is.") var model: Model
    @Input(
        "What the shortened prediction is multiplied by; 1 is right, and more grows with every step.",
        in: 0...100, step: 0.01)
    var strength = 1.0
    @Input(
        "Give the combined noise the length of the conditional one instead, be it longer or shorter; strength then goes from "
            + "plain guidance, 0, to that, 1.",
        optional: true)
    var preCfg = false

    @Output("The model with normed guidance.", name: "patched_model") var patched: Model

    func run(_ context: RunContext) async throws {
        let strength = Float(strength)
        var changed = model
        if preCfg {
            changed.guidance.function = { $1.combinedAtLength($0, strength: strength) }
        } else {
            changed.guidance.after.append { guided, step, _ in
                Guidance.shortened(guided, to: step.conditional, strength: strength)
            }
        }
        patched = changed
    }
}
