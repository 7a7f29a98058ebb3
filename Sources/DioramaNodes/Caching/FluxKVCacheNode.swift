import DioramaGraph

/// Lets a model read the pictures that it looks at once in a run, rather than in every step.
struct FluxKVCache: Node {
    static let spec = NodeSpec(
        "FluxKVCache", title: "Flux KV Cache", category: "experimental",
        "Lets a Flux model read the reference pictures in the first step alone, and keep what it attends to of them (keys and values) for "
            + "the other steps: faster, for models trained for it, such as FLUX.2 klein 9B KV. Where no node chose otherwise, the pictures "
            + "are seen as index_timestep_zero.",
        searchAliases: ["reference", "edit", "speed", "klein kv"], isExperimental: true)

    @Input("The model to change; the original stays as it is.") var model: Model

    @Output("The model that keeps what it read.") var cached: Model

    func run(_ context: RunContext) throws {
        guard model.network.keepsReferences else {
            throw context.fail(
                $model,
                "is \(model.network.familyName), which keeps no keys of reference pictures; FLUX.1 and FLUX.2 do: leave this node out"
            )
        }
        var changed = model
        changed.cachesReferences = true
        cached = changed
    }
}
