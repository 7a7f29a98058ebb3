import DioramaGraph

/// `LoraLoader` by another name: in ComfyUI this one leaves weights unmerged, as both do here.
struct LoraLoaderBypass: Node {
    static let spec = NodeSpec(
        "LoraLoaderBypass", title: "Load LoRA (Bypass) (For debugging)", category: "model/loaders",
        "Adds a LoRA to a diffusion model and its text encoder without changing their weights. Diorama always does so: this "
            + "is LoraLoader, for graphs that name it.",
        searchAliases: ["lora", "adapter", "bypass"], isExperimental: true)

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

/// `LoraLoaderModelOnly` by another name: in ComfyUI this one leaves weights unmerged, as both do here.
struct LoraLoaderBypassModelOnly: Node {
    static let spec = NodeSpec(
        "LoraLoaderBypassModelOnly", title: "Load LoRA (Bypass, Model Only) (for debugging)",
        category: "model/loaders",
        "Adds a LoRA to a diffusion model without changing its weights. Diorama always does so: this is LoraLoaderModelOnly, "
            + "for graphs that name it.",
        searchAliases: ["lora", "adapter", "bypass", "model only"], isExperimental: true)

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
