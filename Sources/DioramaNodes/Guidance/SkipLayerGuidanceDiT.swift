import DioramaGraph
import DioramaModels

/// Skip-layer guidance for diffusion transformers of any family.
struct SkipLayerGuidanceDiT: Node {
    static let spec = NodeSpec(
        "SkipLayerGuidanceDiT", category: "advanced/guidance",
        "Asks the model once more with some blocks left out, and goes from that prediction on beyond the whole model's.",
        isExperimental: true)

    @Input("The model to change; the original stays as it is.") var model: Model
    @Input(
        "Blocks to leave out of those with two streams, image and text, counted from 0; none where the model has no such.",
        advanced: true)
    var doubleLayers = "7, 8, 9"
    @Input(
        "Blocks to leave out of those with one stream, counted from 0; none where the model has no such.",
        advanced: true)
    var singleLayers = "7, 8, 9"
    @Input("How far to go beyond; 0 changes nothing.", in: 0...10, step: 0.1) var scale = 3.0
    @Input("The part of the way where it begins: 0 is pure noise.", in: 0...1, step: 0.001, advanced: true)
    var startPercent = 0.01
    @Input("The part of the way where it ends: 1 is the picture.", in: 0...1, step: 0.001, advanced: true)
    var endPercent = 0.15
    @Input(
        "How far to bring the result back to the contrast of the prediction with the prompt: 0 not, 1 all the way.",
        in: 0...10, step: 0.01)
    var rescalingScale = 0.0

    @Output("The model with skip-layer guidance.") var guided: Model

    func run(_ context: RunContext) async throws {
        let skipped =
            try skipping($doubleLayers, BlockSelection.double, of: model, context)
            + skipping($singleLayers, BlockSelection.single, of: model, context)
        guided = model.guided(
            skipping: skipped, scale: scale, rescaling: rescalingScale, from: startPercent, to: endPercent)
    }
}
