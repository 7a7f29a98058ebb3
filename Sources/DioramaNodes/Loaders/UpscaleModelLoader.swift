import DioramaGraph
import DioramaModels
import DioramaTensor

/// Loads a network that makes pictures larger.
struct UpscaleModelLoader: Node {
    static let spec = NodeSpec(
        "UpscaleModelLoader", title: "Load Upscale Model", category: "model/loaders",
        "Loads a network that makes pictures larger from one safetensors file of the upscale_models folder: ESRGAN's family (Real-ESRGAN, "
            + "BSRGAN, RealSR) and Real-ESRGAN's compact networks.",
        lane: .io, searchAliases: ["esrgan", "super resolution"])

    @Input(
        "A file of the upscale_models folder.", options: WeightsChoice.upscaleModels.names,
        refusal: WeightsChoice.upscaleModels.refusal)
    var modelName: String

    @Input(PrecisionChoice.help, options: PrecisionChoice.names, optional: true, advanced: true)
    var precision = PrecisionChoice.automatic

    @Output("The network.") var upscaleModel: Upscaler

    func run(_ context: RunContext) async throws {
        let file = try UpscaleModelFile(WeightsChoice.upscaleModels.open(modelName, context))
        let (model, notes) = try file.load(
            on: context.resource(Device.self), precision: context.environment.precision(precision))
        for note in notes { context.notice(note) }
        upscaleModel = Upscaler(model: model)
    }

    func fingerprint(_ environment: RunEnvironment) throws -> String? {
        try WeightsChoice.upscaleModels.fingerprint([$modelName.literal], precision, environment)
    }
}
