import DioramaGraph
import DioramaModels

/// Leaves blocks out where the model is asked with the negative prompt.
struct SkipLayerGuidanceDiTSimple: Node {
    static let spec = NodeSpec(
        "SkipLayerGuidanceDiTSimple", category: "advanced/guidance",
        "Leaves some blocks out where the model is asked with the negative prompt: skip-layer guidance without a further "
            + "evaluation of the model.",
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
    @Input("The part of the way where it begins: 0 is pure noise.", in: 0...1, step: 0.001, advanced: true)
    var startPercent = 0.0
    @Input("The part of the way where it ends: 1 is the picture.", in: 0...1, step: 0.001, advanced: true)
    var endPercent = 1.0

    @Output("The model that skips the blocks.") var guided: Model

    func run(_ context: RunContext) async throws {
        let skipped =
            try skipping($doubleLayers, BlockSelection.double, of: model, context)
            + skipping($singleLayers, BlockSelection.single, of: model, context)
        var changed = model
        for hook in skipped {
            try changed.add(hook, from: startPercent, to: endPercent, for: .negative)
        }
        guided = changed
    }
}
