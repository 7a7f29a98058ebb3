import DioramaGraph
import DioramaModels

/// Skip-layer guidance for Stable Diffusion 3.
struct SkipLayerGuidanceSD3: Node {
    static let spec = NodeSpec(
        "SkipLayerGuidanceSD3", category: "advanced/guidance",
        "Asks the model once more with some blocks left out, and goes from that prediction on beyond the whole model's: "
            + "for better structure in Stable Diffusion 3.5.",
        isExperimental: true)

    @Input("The model to change; the original stays as it is.") var model: Model
    @Input("The blocks to leave out, counted from 0.", advanced: true) var layers = "7, 8, 9"
    @Input("How far to go beyond; 0 changes nothing.", in: 0...10, step: 0.1) var scale = 3.0
    @Input("The part of the way where it begins: 0 is pure noise.", in: 0...1, step: 0.001, advanced: true)
    var startPercent = 0.01
    @Input("The part of the way where it ends: 1 is the picture.", in: 0...1, step: 0.001, advanced: true)
    var endPercent = 0.15

    @Output("The model with skip-layer guidance.") var guided: Model

    func run(_ context: RunContext) async throws {
        let skipped = try skipping($layers, BlockSelection.double, of: model, context)
        guided = model.guided(skipping: skipped, scale: scale, from: startPercent, to: endPercent)
    }
}
