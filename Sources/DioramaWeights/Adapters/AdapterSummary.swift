/// What an adapter file is, for people to read.
public struct AdapterSummary: Sendable {
    /// How many layers there are of each kind, the most frequent first.
    public let kinds: [(name: String, layers: Int)]
    /// The ranks of its products, rising.
    public let ranks: [Int]
    /// How many layers it has for each part, by the first words of their names (`transformer`, `lora_te1`).
    public let parts: [(name: String, layers: Int)]

    /// Number of layers.
    public var layerCount: Int { kinds.reduce(0) { $0 + $1.layers } }

    /// Reads it from the header of a file; nil where the file is no adapter.
    init?(_ tensors: [TensorInfo]) {
        let layers = AdapterLayer.all(in: tensors.map(\.name)).layers
        guard !layers.isEmpty else { return nil }
        let infos = Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        kinds = Self.counted(layers.map(\.kind))
        parts = Self.counted(layers.map { Self.part(of: $0.name) })
        ranks = Set(layers.compactMap { $0.rank { infos[$0] } }).sorted()
    }

    private static func counted(_ names: [String]) -> [(name: String, layers: Int)] {
        Dictionary(grouping: names) { $0 }.map { (name: $0.key, layers: $0.value.count) }
            .sorted { ($1.layers, $0.name) < ($0.layers, $1.name) }
    }

    /// `transformer` of `transformer.transformer_blocks.0`, `lora_unet` of `lora_unet_joint_blocks_0`.
    private static func part(of layer: String) -> String {
        if layer.hasPrefix("lora_") || layer.hasPrefix("lycoris_") {
            let words = layer.split(separator: "_").prefix(layer.hasPrefix("lora_") ? 2 : 1)
            return words.joined(separator: "_")
        }
        return layer.split(separator: ".").first.map(String.init) ?? layer
    }
}

extension WeightsSummary {
    /// What adapter the file is; nil where it is none.
    public var adapter: AdapterSummary? { AdapterSummary(tensors) }
}
