import DioramaGraph

/// Adds a LoRA to a diffusion model and its text encoder.
struct LoraLoader: Node {
    static let spec = NodeSpec(
        "LoraLoader", title: "Load LoRA (Model and CLIP)", category: "model/loaders",
        "Adds a LoRA, a small file that teaches a model a style, a subject or a shorter way to a picture, to a diffusion "
            + "model and its text encoder. Several add up, one node after another. Model and encoder keep their own weights: "
            + "what the file changes is worked out beside them.",
        searchAliases: ["lora", "load lora", "adapter", "lycoris", "loha", "lokr", "dora"])

    @Input("The diffusion model to change; it stays as it is for other nodes.") var model: Model
    @Input("The text encoder to change; it stays as it is for other nodes.") var clip: CLIP
    @Input(
        "A safetensors file of the loras folder.", options: LoraFile.names,
        refusal: WeightsChoice.adapters.refusal)
    var loraName: String
    @Input(
        "How much of the change to the diffusion model to make: 1 as it was trained, 0 none, below 0 the opposite.",
        in: -100...100, step: 0.01)
    var strengthModel = 1.0
    @Input(
        "How much of the change to the text encoder to make: 1 as it was trained, 0 none, below 0 the opposite.",
        in: -100...100, step: 0.01)
    var strengthClip = 1.0

    @Output("The changed diffusion model.") var changedModel: Model
    @Output("The changed text encoder.") var changedClip: CLIP

    func run(_ context: RunContext) async throws {
        let file = LoraFile(name: loraName, context: context)
        (changedModel, changedClip) = try file.applied(to: model, strengthModel, and: clip, strengthClip)
    }

    func fingerprint(_ environment: RunEnvironment) throws -> String? {
        try LoraFile.fingerprint($loraName.literal, environment)
    }
}

/// Adds a LoRA to a diffusion model alone.
struct LoraLoaderModelOnly: Node {
    static let spec = NodeSpec(
        "LoraLoaderModelOnly", title: "Load LoRA", category: "model/loaders",
        "Adds a LoRA, a small file that teaches a model a style, a subject or a shorter way to a picture, to a diffusion "
            + "model. Several add up, one node after another. The model keeps its own weights: what the file changes is "
            + "worked out beside them.",
        searchAliases: ["lora", "load lora", "adapter", "lycoris", "loha", "lokr", "dora", "model only"])

    @Input("The diffusion model to change; it stays as it is for other nodes.") var model: Model
    @Input(
        "A safetensors file of the loras folder.", options: LoraFile.names,
        refusal: WeightsChoice.adapters.refusal)
    var loraName: String
    @Input(
        "How much of the change to make: 1 as it was trained, 0 none, below 0 the opposite.", in: -100...100,
        step: 0.01)
    var strengthModel = 1.0

    @Output("The changed diffusion model.") var changedModel: Model

    func run(_ context: RunContext) async throws {
        changedModel = try LoraFile(name: loraName, context: context).applied(to: model, strengthModel)
    }

    func fingerprint(_ environment: RunEnvironment) throws -> String? {
        try LoraFile.fingerprint($loraName.literal, environment)
    }
}
