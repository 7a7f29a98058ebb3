import DioramaGraph
import DioramaModels
import DioramaTensor

/// Loads a style model.
struct StyleModelLoader: Node {
    static let spec = NodeSpec(
        "StyleModelLoader", title: "Load Style Model", category: "model/loaders",
        "Loads a style model from one file of the style_models folder: FLUX.1 Redux.", lane: .io,
        searchAliases: ["redux"])

    @Input(
        "A file of the style_models folder.", options: WeightsChoice.styleModels.names,
        refusal: WeightsChoice.styleModels.refusal)
    var styleModelName: String

    @Input(PrecisionChoice.help, options: PrecisionChoice.names, optional: true, advanced: true)
    var precision = PrecisionChoice.automatic

    @Output("The style model.") var styleModel: StyleModel

    func validate(_ environment: RunEnvironment, in node: SourceNode) -> [InputProblem] {
        StyleFit.problem(ofStyle: node, $styleModelName.name, environment).map { [$0] } ?? []
    }

    func run(_ context: RunContext) async throws {
        let file = try StyleModelFile(WeightsChoice.styleModels.open(styleModelName, context))
        let (network, notes) = try file.load(
            on: context.resource(Device.self), precision: context.environment.precision(precision))
        for note in notes { context.notice(note) }
        styleModel = StyleModel(network: network)
    }

    func fingerprint(_ environment: RunEnvironment) throws -> String? {
        try WeightsChoice.styleModels.fingerprint([$styleModelName.literal], precision, environment)
    }
}
