import DioramaGraph
import DioramaModels
import DioramaTensor

/// Loads a network that is put into a model.
struct ModelPatchLoader: Node {
    static let spec = NodeSpec(
        "ModelPatchLoader", title: "Load Model Patch", category: "model/loaders",
        "Loads a network that is put into a model from one file of the model_patches folder: Z-Image's Fun ControlNets, versions 1, 2.0 and "
            + "2.1. Weights are mapped into memory and used in place.",
        lane: .io, searchAliases: ["controlnet", "fun", "union", "canny", "depth", "pose"],
        isExperimental: true)

    @Input(
        "A file of the model_patches folder.", options: WeightsChoice.modelPatches.names,
        refusal: WeightsChoice.modelPatches.refusal)
    var name: String

    @Input(PrecisionChoice.help, options: PrecisionChoice.names, optional: true, advanced: true)
    var precision = PrecisionChoice.automatic

    @Output("The network.") var modelPatch: ModelPatch

    func run(_ context: RunContext) async throws {
        let file = try ModelPatchFile(WeightsChoice.modelPatches.open(name, context))
        let (network, notes) = try file.load(
            on: context.resource(Device.self), precision: context.environment.precision(precision))
        for note in notes { context.notice(note) }
        modelPatch = ModelPatch(network: network)
    }

    func fingerprint(_ environment: RunEnvironment) throws -> String? {
        try WeightsChoice.modelPatches.fingerprint([$name.literal], precision, environment)
    }
}
