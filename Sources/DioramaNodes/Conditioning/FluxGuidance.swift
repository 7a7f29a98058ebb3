import DioramaGraph

/// Tells a distilled model how strongly to follow a prompt.
struct FluxGuidance: Node {
    static let spec = NodeSpec(
        "FluxGuidance", category: "model/conditioning/flux",
        "Tells a model that was distilled with guidance, such as Flux, how strongly to follow the prompt; other models "
            + "do not hear it.", lane: .io, searchAliases: ["distilled guidance"])

    @Input("The prompt.") var conditioning: Conditioning
    @Input("How strongly to follow it.", in: 0...100, step: 0.1) var guidance = 3.5

    @Output("The prompt with its guidance.") var guided: Conditioning

    func run(_ context: RunContext) { guided = conditioning.mapped { $0.guidance = guidance } }
}
