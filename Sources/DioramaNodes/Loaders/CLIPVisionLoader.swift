import DioramaGraph
import DioramaModels
import DioramaTensor

/// Loads a model that encodes pictures.
struct CLIPVisionLoader: Node {
    static let spec = NodeSpec(
        "CLIPVisionLoader", title: "Load CLIP Vision", category: "model/loaders",
        "Loads a vision model from one file of the clip_vision folder: SigLIP, or the part of a CLIP that encodes pictures. Which one it "
            + "is is known by its tensors.", lane: .io, searchAliases: ["siglip", "image encoder", "redux"])

    @Input(
        "A file of the clip_vision folder.", options: WeightsChoice.visionModels.names,
        refusal: WeightsChoice.visionModels.refusal)
    var clipName: String

    @Input(PrecisionChoice.help, options: PrecisionChoice.names, optional: true, advanced: true)
    var precision = PrecisionChoice.automatic

    @Output("The vision model.") var clipVision: CLIPVision

    func validate(_ environment: RunEnvironment, in node: SourceNode) -> [InputProblem] {
        StyleFit.problem(ofVision: node, $clipName.name, environment).map { [$0] } ?? []
    }

    func run(_ context: RunContext) async throws {
        let file = try CLIPVisionFile(WeightsChoice.visionModels.open(clipName, context))
        let (model, notes) = try file.load(
            on: context.resource(Device.self), precision: context.environment.precision(precision))
        for note in notes { context.notice(note) }
        clipVision = CLIPVision(model: model)
    }

    func fingerprint(_ environment: RunEnvironment) throws -> String? {
        try WeightsChoice.visionModels.fingerprint([$clipName.literal], precision, environment)
    }
}
