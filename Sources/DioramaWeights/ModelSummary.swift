public import FoundationEssentials

/// What a weights file holds, for people to read.
public struct WeightsSummary: Sendable {
    /// Path of the file or index.
    public let place: String
    /// The format's name: `safetensors`, `GGUF`.
    public let format: String
    /// Every tensor, in the order of the file.
    public let tensors: [TensorInfo]
    /// The file's own texts; empty for shards.
    public let metadata: [String: String]
    /// How layers are quantised, where the file says so beside its tensors, the most frequent first.
    public let layouts: [(name: String, layers: Int)]

    /// Number of elements of all tensors.
    public var parameterCount: Int { tensors.reduce(0) { $0 + $1.shape.count } }
    /// Size of all tensors as stored.
    public var byteCount: Int { tensors.reduce(0) { $0 + $1.byteCount } }
    /// How many tensors have each type, the most frequent first.
    public var types: [(type: ElementType, count: Int)] {
        Dictionary(grouping: tensors, by: \.type)
            .map { (type: $0.key, count: $0.value.count) }
            .sorted { ($1.count, $0.type.rawValue) < ($0.count, $1.type.rawValue) }
    }

    /// Opens the weights at `url` and reads the header, not the tensors.
    public init(contentsOf url: URL) throws {
        self.init(try WeightsFile(url).open())
    }

    /// Reads the header of an open file.
    public init(_ source: any TensorSource) {
        place = source.place
        format = source is GGUFFile ? "GGUF" : "safetensors"
        layouts = Self.layouts(of: source)
        tensors = source.keys.compactMap(source.info)
        metadata = source.metadata
    }
}

/// What a model folder in diffusers' layout holds, for people to read.
public struct ModelSummary: Sendable {
    /// One part and its weights, if it has any.
    public struct Part: Sendable {
        /// The folder's name: `transformer`.
        public let name: String
        /// Its class: `SD3Transformer2DModel`.
        public let className: String
        /// Its weights; nil for tokenizers and schedulers.
        public let weights: WeightsSummary?
    }

    /// The pipeline's class: `StableDiffusion3Pipeline`.
    public let className: String
    /// The parts, by name.
    public let parts: [Part]

    /// Number of parameters of all parts.
    public var parameterCount: Int { parts.reduce(0) { $0 + ($1.weights?.parameterCount ?? 0) } }
    /// Size of the weights of all parts.
    public var byteCount: Int { parts.reduce(0) { $0 + ($1.weights?.byteCount ?? 0) } }

    /// Reads the index of the folder at `url` and the headers of its weights.
    public init(contentsOf url: URL) throws {
        let directory = try DiffusersDirectory(contentsOf: url)
        className = directory.className
        parts = try directory.parts.values.sorted { $0.name < $1.name }.map { part in
            Part(
                name: part.name, className: part.className,
                weights: part.isWeightless ? nil : WeightsSummary(try part.weights()))
        }
    }
}
