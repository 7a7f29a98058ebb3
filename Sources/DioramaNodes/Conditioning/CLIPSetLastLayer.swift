import DioramaGraph

/// Chooses the layer of a text encoder whose states guide the model.
struct CLIPSetLastLayer: Node {
    static let spec = NodeSpec(
        "CLIPSetLastLayer", title: "CLIP Set Last Layer", category: "model/conditioning",
        "Stops a text encoder at an earlier layer (clip skip). Stable Diffusion 3 stops at -2 by itself, in each of its "
            + "CLIPs; a layer that an encoder does not have gives its last states, normed.", lane: .io,
        searchAliases: ["clip skip"])

    @Input("The text encoder to change; the original stays as it is.") var clip: CLIP
    @Input(
        "The layer to stop at, from the end: -1 is the last.", in: -24 ... -1, step: 1, advanced: true)
    var stopAtClipLayer = -1

    @Output("The text encoder that stops there.") var stopped: CLIP

    func run(_ context: RunContext) {
        var copy = clip
        copy.layer = stopAtClipLayer
        stopped = copy
    }
}
