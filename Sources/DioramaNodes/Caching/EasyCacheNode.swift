import DioramaGraph

/// Skips the network in steps that change little, as ComfyUI's EasyCache does.
struct EasyCacheNode: Node {
    static let spec = NodeSpec(
        "EasyCache", category: "advanced/debug",
        "Skips the network in steps where it is expected to change little, and moves the latent as it did last: faster, not the same picture.",
        searchAliases: ["step cache", "TeaCache", "speed"], isExperimental: true)

    @Input("The model to change; the original stays as it is.") var model: Model
    @Input(
        "How far predicted changes may add up before the network is asked again; 0 never skips.", in: 0...3,
        step: 0.01, advanced: true)
    var reuseThreshold = 0.2
    @Input(
        "The part of the way where skipping begins: 0 is pure noise.", in: 0...1, step: 0.01, advanced: true)
    var startPercent = 0.15
    @Input(
        "The part of the way where skipping ends: 1 is the picture.", in: 0...1, step: 0.01, advanced: true)
    var endPercent = 0.95
    @Input("Tells the changes of the output too, measured and predicted.", advanced: true) var verbose = false

    @Output("The model with EasyCache.") var cached: Model

    func run(_ context: RunContext) async throws {
        let (threshold, start, end, verbose) = (reuseThreshold, startPercent, endPercent, verbose)
        var changed = model
        changed.add(networkHook: { sampling in
            EasyCacheHook(
                threshold: threshold, window: sampling.window(fromPercent: start, to: end), isVerbose: verbose
            )
        })
        cached = changed
    }
}
