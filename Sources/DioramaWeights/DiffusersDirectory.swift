import DioramaJSON
public import FoundationEssentials

/// A model folder in diffusers' layout: `model_index.json` and one folder a part, each with its configuration and weights.
///
/// Opening it checks that every part named by the index is there; the error lists all that are missing at once.
public struct DiffusersDirectory: Sendable {
    /// One part: a model, a tokenizer or a scheduler.
    public struct Part: Sendable {
        /// Its name in the index, which is also its folder's: `transformer`.
        public let name: String
        /// The class the index gives it: `SD3Transformer2DModel`.
        public let className: String
        /// Its folder.
        public let url: URL

        /// Whether it has no weights of its own.
        public var isWeightless: Bool {
            ["Tokenizer", "TokenizerFast", "Scheduler", "Processor", "Extractor", "Discrete"].contains {
                className.hasSuffix($0)
            }
                || className.contains("Scheduler")
        }

        /// Its `config.json` (for a scheduler, `scheduler_config.json`).
        public func config() throws -> ModelConfig {
            try ModelConfig(contentsOf: url.appending(path: configName))
        }

        /// Its weights: one safetensors file, or the shards of an index.
        public func weights() throws -> any TensorSource {
            guard let file = WeightsFile.find(in: url) else {
                throw WeightsError(url.path, WeightsFile.missing(in: url))
            }
            return try file.open()
        }

        var configName: String { className.contains("Scheduler") ? "scheduler_config.json" : "config.json" }
    }

    /// The folder.
    public let url: URL
    /// The pipeline's class: `StableDiffusion3Pipeline`.
    public let className: String
    /// The parts present, by name; those the index sets to null are not among them.
    public let parts: [String: Part]

    /// Whether `url` is such a folder.
    public static func isOne(_ url: URL) -> Bool { fileExists(url.appending(path: "model_index.json")) }

    /// Reads the index at `url` and checks that its parts are all there.
    public init(contentsOf url: URL) throws {
        let index = try ModelConfig(contentsOf: url.appending(path: "model_index.json"))
        self.url = url
        className = try index.string("_class_name")
        var parts: [String: Part] = [:]
        for name in index.keys where !name.hasPrefix("_") && index.isList(name) {
            guard let pair = try index.strings(name), pair.count == 2 else {
                throw index.problem("\(name): expected [library, class]")
            }
            guard let part = pair[1] else { continue }
            guard !name.contains(where: { $0 == "/" || $0 == "\\" || $0 == "\0" }), !name.hasPrefix(".")
            else {
                throw index.problem("\(quoted(name)) is not the name of a folder")
            }
            parts[name] = Part(name: name, className: part, url: url.appending(path: name))
        }
        self.parts = parts
        let missing = parts.values.sorted { $0.name < $1.name }.flatMap(Self.missing)
        guard missing.isEmpty else {
            throw WeightsError(
                url.path, "the model folder is not complete: " + missing.joined(separator: "; "))
        }
    }

    /// The part `name`; throws when the index has none.
    public func part(_ name: String) throws -> Part {
        guard let part = parts[name] else {
            throw WeightsError(
                url.path,
                "model_index.json has no \(name); its parts are "
                    + parts.keys.sorted().joined(separator: ", "))
        }
        return part
    }

    /// What `part` lacks, one text each.
    private static func missing(_ part: Part) -> [String] {
        guard fileExists(part.url) else { return ["the folder \(part.name)/ (\(part.className)) is missing"] }
        var missing: [String] = []
        if part.className.contains("Tokenizer") {
            let words = ["tokenizer.json", "vocab.json", "spiece.model"]
            if !words.contains(where: { fileExists(part.url.appending(path: $0)) }) {
                missing.append("\(part.name)/ has neither " + words.joined(separator: " nor "))
            }
        } else if !part.isWeightless || part.className.contains("Scheduler") {
            if !fileExists(part.url.appending(path: part.configName)) {
                missing.append("\(part.name)/\(part.configName) is missing")
            }
        }
        if !part.isWeightless, WeightsFile.find(in: part.url) == nil {
            missing.append("\(part.name)/ " + WeightsFile.missing(in: part.url))
        }
        return missing
    }
}

/// Whether a file or folder is at `url`.
func fileExists(_ url: URL) -> Bool { FileManager.default.fileExists(atPath: url.path) }
