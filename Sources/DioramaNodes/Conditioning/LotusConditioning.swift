import DioramaGraph
import DioramaModels
import DioramaTensor

/// The prompt of Lotus, which is always the same.
struct LotusConditioning: Node {
    static let spec = NodeSpec(
        "LotusConditioning", category: "model/conditioning/lotus",
        "The prompt of Lotus, a model that estimates depth or normals from a picture and was trained with an empty text.",
        lane: .io)

    @Output("The encoded empty prompt.", name: "conditioning") var conditioning: Conditioning

    func run(_ context: RunContext) throws {
        let tokens = Tensor(
            LotusPrompt.values, Shape(LotusPrompt.shape), on: try context.resource(Device.self))
        conditioning = Conditioning([TextContext(tokens: tokens)])
    }
}
