import DioramaGraph
import DioramaModels
import DioramaWeights

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
    @Input("A safetensors file of the loras folder.", options: LoraFile.names) var loraName: String
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
        var (model, clip) = (model, clip)
        if strengthModel != 0 || strengthClip != 0 {
            var adapter = try LoraFile.open(loraName, context)
            model.network = try model.network.adapted(by: &adapter, strength: strengthModel)
            clip.encoder = try clip.encoder.adapted(by: &adapter, strength: strengthClip)
            try adapter.finish()
            LoraFile.tellOfRest(adapter, context)
        }
        (changedModel, changedClip) = (model, clip)
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
    @Input("A safetensors file of the loras folder.", options: LoraFile.names) var loraName: String
    @Input(
        "How much of the change to make: 1 as it was trained, 0 none, below 0 the opposite.", in: -100...100,
        step: 0.01)
    var strengthModel = 1.0

    @Output("The changed diffusion model.") var changedModel: Model

    func run(_ context: RunContext) async throws {
        var model = model
        if strengthModel != 0 {
            var adapter = try LoraFile.open(loraName, context)
            model.network = try model.network.adapted(by: &adapter, strength: strengthModel)
            try adapter.finish()
            LoraFile.tellOfRest(adapter, context)
        }
        changedModel = model
    }

    func fingerprint(_ environment: RunEnvironment) throws -> String? {
        try LoraFile.fingerprint($loraName.literal, environment)
    }
}

/// What loaders of LoRA files share.
enum LoraFile {
    private static let kinds = ["loras"]

    /// The files that can be chosen.
    static func names(_ environment: RunEnvironment) -> [String] {
        environment.folders.models(in: kinds) { $0.lastPathComponent.lowercased().hasSuffix(".safetensors") }
    }

    static func open(_ name: String, _ context: RunContext) throws -> AdapterApplication {
        AdapterApplication(try AdapterFile(contentsOf: context.folders.model(name, in: kinds)))
    }

    static func fingerprint(_ name: String?, _ environment: RunEnvironment) throws -> String? {
        try name.map { try FileIdentity(of: environment.folders.model($0, in: kinds)).description }
    }

    /// Tells of what the file has and nobody took.
    static func tellOfRest(_ adapter: AdapterApplication, _ context: RunContext) {
        func tell(_ count: Int, _ what: String, _ example: String) {
            context.notice(
                "the LoRA has \(count) \(what)\(count == 1 ? "" : "s") that this node's models have no place for, such as \(example)"
            )
        }
        if let first = adapter.unplaced.first { tell(adapter.unplaced.count, "layer", first.name) }
        if let first = adapter.file.otherKeys.first { tell(adapter.file.otherKeys.count, "tensor", first) }
    }
}
