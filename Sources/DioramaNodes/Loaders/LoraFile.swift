import DioramaGraph
import DioramaModels
import DioramaWeights

/// A LoRA file that a graph names: what its loaders share.
struct LoraFile {
    let name: String
    let context: RunContext

    private static let kinds = WeightsChoice.adapters.kinds

    /// The files that can be chosen.
    static func names(_ environment: RunEnvironment) -> [String] {
        environment.folders.models(in: kinds) { $0.lastPathComponent.lowercased().hasSuffix(".safetensors") }
    }

    /// The identity of the file `name`; nil where no graph has named one yet.
    static func fingerprint(_ name: String?, _ environment: RunEnvironment) throws -> String? {
        try name.map { try FileIdentity(of: environment.folders.model($0, in: kinds)).description }
    }

    /// A model with the file's changes; the model itself, and no file opened, at strength 0.
    func applied(to model: Model, _ strength: Double) throws -> Model {
        guard strength != 0 else { return model }
        var (model, adapter) = (model, try open())
        model.network = try model.network.adapted(by: &adapter, strength: strength)
        try finish(adapter)
        return model
    }

    /// A model and its text encoder with the file's changes; they themselves, and no file opened, where both strengths are 0.
    func applied(
        to model: Model, _ strength: Double, and clip: CLIP, _ clipStrength: Double
    ) throws -> (Model, CLIP) {
        guard strength != 0 || clipStrength != 0 else { return (model, clip) }
        var (model, clip, adapter) = (model, clip, try open())
        model.network = try model.network.adapted(by: &adapter, strength: strength)
        clip.encoder = try clip.encoder.adapted(by: &adapter, strength: clipStrength)
        try finish(adapter)
        return (model, clip)
    }

    private func open() throws -> AdapterApplication {
        AdapterApplication(AdapterFile(try WeightsChoice.adapters.open(name, context)))
    }

    /// Throws what is wrong with the file, and tells of what it has and nobody took.
    private func finish(_ adapter: AdapterApplication) throws {
        try adapter.finish()
        func tell(_ count: Int, _ what: String, _ example: String) {
            context.notice(
                "the LoRA has \(count) \(what)\(count == 1 ? "" : "s") that this node's models have no place for, such as \(example)"
            )
        }
        if let first = adapter.unplaced.first { tell(adapter.unplaced.count, "layer", first.name) }
        if let first = adapter.file.otherKeys.first { tell(adapter.file.otherKeys.count, "tensor", first) }
    }
}
