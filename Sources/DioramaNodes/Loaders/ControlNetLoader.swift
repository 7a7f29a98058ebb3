import DioramaGraph
import DioramaModels
import DioramaTensor

/// Loads a ControlNet from a file of its own.
struct ControlNetLoader: Node {
    static let spec = NodeSpec(
        "ControlNetLoader", title: "Load ControlNet Model", category: "model/loaders",
        "Loads a ControlNet from one file of the controlnet folder: those of Stable Diffusion 3 and 3.5. Weights are mapped into memory "
            + "and used in place.",
        lane: .io, searchAliases: ["controlnet", "canny", "depth", "blur"])

    @Input(
        "A file of the controlnet folder.", options: WeightsChoice.controlNets.names,
        refusal: WeightsChoice.controlNets.refusal)
    var controlNetName: String

    @Input(PrecisionChoice.help, options: PrecisionChoice.names, optional: true, advanced: true)
    var precision = PrecisionChoice.automatic

    @Output("The ControlNet.") var controlNet: ControlNet

    func run(_ context: RunContext) async throws {
        let file = try ControlNetFile(WeightsChoice.controlNets.open(controlNetName, context))
        let (network, notes) = try file.load(
            on: context.resource(Device.self), precision: context.environment.precision(precision))
        for note in notes { context.notice(note) }
        controlNet = ControlNet(network: network)
    }

    func fingerprint(_ environment: RunEnvironment) throws -> String? {
        try WeightsChoice.controlNets.fingerprint([$controlNetName.literal], precision, environment)
    }
}
